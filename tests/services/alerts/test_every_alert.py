"""Every kind of alert, found in the code: it fires, is acknowledged, fires anew, and ends. One without a case fails."""

import ast
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, update

from tests.services.alerts.test_alert_rules import _delivery, _dispute, _endpoint, _provider
from tests.services.alerts.test_alerts import everything_is_alive
from tests.support import payouts
from tests.support.copies import become_a_copy
from tests.support.declared_jobs import OPERATOR, Declare, planned
from tests.support.market import DIVINE, Market
from tests.support.read_back import unresolved_alerts
from webapp import clock
from webapp.domain.alert_definitions import FACTS, NEXT_SLOT_OFF, Fact
from webapp.domain.providers.provider_results import TEST_ANSWER, ProviderStatus
from webapp.domain.states import AlertStatus
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.steps.evaluate_alerts import evaluate_all
from webapp.models import (
    Alert,
    Backup,
    Delivery,
    Dispute,
    Event,
    MirrorEntry,
    Payout,
    PayoutDestination,
    PayoutSchedule,
    Process,
    ProviderState,
    Run,
    Schedule,
    Subscription,
    Tenant,
    Transfer,
    WebhookEndpoint,
)
from webapp.runtime import Runtime
from webapp.services.alerts import alerts
from webapp.services.alerts import registry as alert_registry
from webapp.services.common import instance
from webapp.services.payouts.schedules import schedules as payout_schedules
from webapp.settings import Settings

Step = Callable[[Runtime], None]
HOUR = timedelta(hours=1)


@dataclass
class Case:
    """How a rule's trouble comes about, comes again, and ends. Without `again` it has to be over in between."""

    begin: Step
    end: Step
    again: Step | None = None


def change(model: Any, **values: Any) -> Step:
    def step(runtime: Runtime) -> None:
        with runtime.db.transaction() as session:
            session.execute(update(model).values(**values).execution_options(synchronize_session=False))

    return step


def run_of(status: str, **at: timedelta) -> Step:
    def step(runtime: Runtime) -> None:
        then = {name: clock.now() - ago for name, ago in at.items()}
        lease = clock.now() + HOUR if status == "running" else None
        told = {"job": "daily", "trigger": "manual", "by": "x", "by_name": "x"}
        with runtime.db.transaction() as session:
            session.add(Run(status=status, at=clock.now(), amounts={}, lease_until=lease, **told, **then))

    return step


def payout(**values: Any) -> Step:
    def step(runtime: Runtime) -> None:
        number = payouts.written(runtime, payouts.planned(runtime))
        then = {name: clock.now() - ago if isinstance(ago, timedelta) else ago for name, ago in values.items()}
        with runtime.db.transaction() as session:
            session.execute(update(Payout).where(Payout.id == number).values(attempts=1, **then))

    return step


def dead_mirror(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        Market(session, runtime).escrow()
    with runtime.db.transaction() as session:
        newest = session.scalar(select(func.max(Transfer.id)))
        row = {"transfer_id": newest, "status": "dead", "next_try_at": clock.now()}
        session.execute(insert(MirrorEntry).values(**row))


def waiting(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        session.execute(delete(Delivery))
    _delivery(runtime, "waiting")


def provider(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        session.execute(delete(ProviderState))
    _provider(runtime)


def another_run(runtime: Runtime) -> None:
    change(Run, status="succeeded")(runtime)
    run_of("running", created_at=HOUR, started_at=HOUR)(runtime)


def another_delivery(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        first = session.scalars(select(Delivery)).first()
        assert first is not None
        row = {column.name: getattr(first, column.name) for column in Delivery.__table__.columns if column.name != "id"}
        session.execute(insert(Delivery).values(**row | {"key": "k-2"}))


def held_endpoint(runtime: Runtime) -> None:
    _endpoint(runtime)
    _delivery(runtime, "waiting")
    change(WebhookEndpoint, paused_at=None, failures=9)(runtime)
    change(Delivery, endpoint_id=1, channel="webhook", next_try_at=clock.now())(runtime)


def next_delivery(runtime: Runtime) -> None:
    another_delivery(runtime)
    with runtime.db.transaction() as session:
        first = select(func.min(Delivery.id)).scalar_subquery()
        session.execute(update(Delivery).where(Delivery.id == first).values(status="cancelled"))


def next_slot(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        alerts.fire(session, NEXT_SLOT_OFF, "daily", f"The next slot was {clock.iso(clock.now())}.", clock.now())


def unpaid(reason: str) -> Step:
    return change(PayoutSchedule, unpaid_days=3, failure_reason=reason, status="pending")


def unpaid_plan(runtime: Runtime) -> None:
    payouts.planned(runtime)
    unpaid("No cover.")(runtime)


def delivered(runtime: Runtime) -> None:
    change(Delivery, status="delivered")(runtime)
    change(WebhookEndpoint, failures=0, failing_since=None)(runtime)


def silent(runtime: Runtime) -> None:
    change(Process, heartbeat_at=clock.now() - HOUR)(runtime)


def settled(runtime: Runtime) -> None:
    change(Payout, status="succeeded", needs_person=False, doubted_at=None)(runtime)


def late(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        session.execute(delete(Schedule).where(Schedule.job == "daily"))
    planned(runtime, "daily", clock.now() - timedelta(days=3))


def key_of_test_mode(runtime: Runtime) -> None:
    runtime.settings.__dict__.update(env="production", paystack_secret_key="sk_test_x")


def live_key(runtime: Runtime) -> None:
    runtime.settings.__dict__.update(env="test", paystack_secret_key="")


def account_changed(runtime: Runtime) -> None:
    payouts.written(runtime, payouts.planned(runtime))
    change(PayoutDestination, retired_at=clock.now())(runtime)


def answer_of_test_mode(runtime: Runtime) -> None:
    runtime.settings.__dict__.update(env="production", paystack_secret_key="sk_live_x")
    payouts.written(runtime, payouts.planned(runtime))
    change(Payout, status="sending", status_detail=TEST_ANSWER)(runtime)


def backup(**values: Any) -> Step:
    """One more backup, made now."""

    def step(runtime: Runtime) -> None:
        common = {"folder": "/b", "file": "f", "host": "h", "encrypted": False, "revision": "1", "rows": 1, "heads": {}}
        with runtime.db.transaction() as session:
            number = 1 + (session.scalar(select(func.max(Backup.id))) or 0)
            made = {"run_id": number, "started_at": clock.now(), "finished_at": clock.now(), "status": "kept"}
            session.add(Backup(**(common | made | {"file": f"f{number}", "proof": "proven"} | values)))

    return step


def due(*jobs: str) -> Step:
    """Of all jobs only these are planned, for long; and no backup is kept."""

    def step(runtime: Runtime) -> None:
        register_jobs(runtime)
        change(Schedule, since=clock.now() - timedelta(days=60), paused_at=clock.now())(runtime)
        with runtime.db.transaction() as session:
            session.execute(update(Schedule).where(Schedule.job.in_(jobs)).values(paused_at=None))
            session.execute(delete(Backup))

    return step


def suspended(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        tenant = Tenant(ref="shop", name="Shop", created_at=clock.now(), stored_at=clock.now())
        session.add(tenant)
        session.flush()
        dates = {"expire_date": clock.now() - 99 * HOUR, "changed_at": clock.now(), "created_at": clock.now()}
        session.add(Subscription(tenant_id=tenant.id, status="suspended", payment_pending_since=clock.now(), **dates))


def said_to_be_the_original(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        instance.confirm(session, "The disk was moved.", at=clock.now(), actor=OPERATOR)


CASES: dict[str, Case] = {
    "backup_failed": Case(
        backup(status="failed", proof=None, error="The disk is full."),
        backup(),
        backup(status="failed", proof=None, error="The disk is full."),
    ),
    "backup_too_old": Case(due("back_up"), backup()),
    "backup_unproven": Case(
        backup(proof="impossible", proof_reason="No place."), backup(), backup(proof="impossible", proof_reason="No.")
    ),
    "clock_off": Case(change(Process, skew_ms=99_000), change(Process, skew_ms=0)),
    "dead_letters": Case(lambda r: _delivery(r, "dead"), delivered, another_delivery),
    "delivery_waiting_too_long": Case(waiting, delivered),
    "dispute_past_due": Case(
        _dispute, change(Dispute, status="resolved"), lambda r: change(Dispute, due_at=clock.now() - 2 * HOUR)(r)
    ),
    "endpoint_held": Case(held_endpoint, delivered, next_delivery),
    "endpoint_paused": Case(_endpoint, delivered, change(WebhookEndpoint, pause_reason="It answered 410 Gone.")),
    "may_be_a_copy": Case(become_a_copy, said_to_be_the_original),
    "mirror_given_up": Case(dead_mirror, change(MirrorEntry, status="sent"), dead_mirror),
    "next_slot_off": Case(next_slot, change(Alert, fired_at=clock.now() - 2 * HOUR), None),
    "no_execution": Case(late, change(Schedule, paused_at=clock.now())),
    "payout_account_changed": Case(account_changed, settled, account_changed),
    "payout_in_doubt": Case(
        payout(doubted_at=99 * HOUR), settled, lambda r: change(Payout, doubted_at=clock.now() - 98 * HOUR)(r)
    ),
    "payout_needs_person": Case(payout(needs_person=True), settled, payout(needs_person=True)),
    "payout_unpaid": Case(unpaid_plan, change(PayoutSchedule, unpaid_days=0), unpaid("No destination.")),
    "payout_unsettled": Case(
        payout(created_at=99 * HOUR, status="sent"), settled, payout(created_at=99 * HOUR, status="sent")
    ),
    "provider_unwell": Case(provider, change(ProviderState, failures=0, opened_at=None)),
    "report_not_sent": Case(due("send_weekly_report"), change(Schedule, paused_at=clock.now())),
    "running_long": Case(
        run_of("running", created_at=HOUR, started_at=HOUR),
        change(Run, status="succeeded"),
        another_run,
    ),
    "silent": Case(silent, everything_is_alive),
    "tenant_suspended_in_error": Case(
        suspended,
        change(Subscription, status="active"),
        lambda r: change(Subscription, payment_pending_since=clock.now() - HOUR)(r),
    ),
    "test_answers_in_production": Case(answer_of_test_mode, live_key),
    "test_key_in_production": Case(key_of_test_mode, live_key),
    "waiting_too_long": Case(run_of("queued", created_at=HOUR), change(Run, status="succeeded")),
}
OUTSIDE = {"disk_nearly_full", "redis_at_risk", "redis_unwell"}


def seen(runtime: Runtime, rule: str) -> tuple[list[str], int]:
    """States of a rule's alerts that are not over, and how often it was told that one fires."""
    with runtime.db.reading() as session:
        rows = session.execute(select(Alert.id, Alert.status).where(Alert.rule == rule)).all()
        told = select(func.count()).where(Event.type == "alert.firing", Event.subject_id.in_([row.id for row in rows]))
        return [row.status for row in rows if row.status != AlertStatus.RESOLVED], session.scalar(told) or 0


def acknowledged(runtime: Runtime, rule: str) -> None:
    with runtime.db.transaction() as session:
        for alert in unresolved_alerts(session):
            if alert.rule == rule:
                alerts.acknowledge(session, alert.id, actor=OPERATOR, at=clock.now())


def test_every_kind_of_alert_has_its_case() -> None:
    assert set(CASES) | OUTSIDE == set(alert_registry.rules())


@pytest.mark.parametrize("rule", sorted(CASES))
def test_a_rule_fires_is_acknowledged_fires_anew_and_ends(sqlite_runtime: Runtime, declare: Declare, rule: str) -> None:
    settings = sqlite_runtime.settings.model_copy(update={"paystack_secret_key": "sk_test_x"})
    desk = replace(sqlite_runtime, settings=settings)
    everything_is_alive(desk)
    declare("daily", lambda work, at: None)
    planned(desk, "daily", clock.now() + HOUR)
    case = CASES[rule]
    case.begin(desk)
    evaluate_all(desk)
    states, count = seen(desk, rule)
    assert set(states) == {"firing"}
    acknowledged(desk, rule)
    evaluate_all(desk)
    assert (set(seen(desk, rule)[0]), seen(desk, rule)[1]) == ({"acknowledged"}, count), "the same is no new fact"
    if case.again is None:
        case.end(desk)
        evaluate_all(desk)
        assert seen(desk, rule)[0] == []
    (case.again or case.begin)(desk)
    evaluate_all(desk)
    assert "firing" in seen(desk, rule)[0]
    assert seen(desk, rule)[1] > count
    case.end(desk)
    evaluate_all(desk)
    assert seen(desk, rule)[0] == []


def test_what_is_asked_of_the_surroundings_fires_anew_when_it_comes_again(
    sqlite_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = {"bytes": 2**20}
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=free["bytes"]))

    def redis(settings: Settings) -> Any:
        return iter([] if free["bytes"] > 2**30 else [("redis", "Redis does not answer.")])

    for name in ("redis_unwell", "redis_at_risk"):
        asked = replace(alert_registry.rules()[name], question=redis)
        monkeypatch.setitem(alert_registry._rules, name, asked)
    for bytes_free, expected in ((2**20, ["firing"]), (2**40, []), (2**20, ["firing"])):
        free["bytes"] = bytes_free
        evaluate_all(sqlite_runtime)
        for rule in OUTSIDE:
            assert seen(sqlite_runtime, rule)[0] == expected


@pytest.mark.parametrize("fact", FACTS.values(), ids=FACTS)
def test_a_fact_fires_is_acknowledged_fires_anew_and_ends(sqlite_runtime: Runtime, fact: Fact) -> None:
    def tell(cause: str) -> bool:
        with sqlite_runtime.db.transaction() as session:
            return alerts.fire(session, fact, "thing 7", f"It happened: {cause}.", clock.now(), causes=[cause])

    assert tell("one")
    acknowledged(sqlite_runtime, fact.name)
    assert not tell("one")
    assert tell("two")
    assert seen(sqlite_runtime, fact.name) == (["firing"], 2)
    with sqlite_runtime.db.transaction() as session:
        alerts.resolve(session, fact, "thing 7", clock.now())
    assert seen(sqlite_runtime, fact.name)[0] == []
    assert tell("one"), "after its end the same is news again"


def test_every_fact_is_raised_somewhere_and_ended_somewhere() -> None:
    used: dict[str, set[str]] = {"fire": set(), "end": set()}
    code = Path(alerts.__file__).parents[2]
    for file in code.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("alerts."):
                word = ast.unparse(node.func).removeprefix("alerts.")
                known = file.read_text() if {"rule", "rules"} & {ast.unparse(each) for each in node.args} else ""
                names = {name for name in FACTS if name.upper() in (ast.unparse(node) + known)}
                used["fire"] |= names if word in ("fire", "sync_facts") else set()
                used["end"] |= names if word in ("resolve", "resolve_all", "sync_facts") else set()
    asked = set(alert_registry.rules())
    assert used["fire"] == set(FACTS)
    assert used["end"] | asked >= set(FACTS), "each has a fact that ends it; a person may say so too"


def test_a_payouts_alert_fires_anew_for_its_reversal_and_ends_when_the_retry_has_paid(runtime: Runtime) -> None:
    register_jobs(runtime)
    plan = payouts.planned(runtime)
    first = payouts.written(runtime, plan)
    payouts.settled(runtime, first, ProviderStatus.SUCCEEDED)
    payouts.settled(runtime, first, ProviderStatus.FAILED, "closed account")
    assert seen(runtime, "payout_failed") == (["firing"], 1)
    acknowledged(runtime, "payout_failed")
    with runtime.db.transaction() as session:
        payout_schedules.trigger(session, plan, at=clock.now(), actor=DIVINE)
    second = payouts.written(runtime, plan)
    assert seen(runtime, "payout_failed")[0] == ["acknowledged"], "it is not over before it is paid"
    payouts.settled(runtime, second, ProviderStatus.REVERSED, "sent back")
    assert seen(runtime, "payout_failed") == (["firing"], 2)
    change(Run, status="succeeded")(runtime)
    with runtime.db.transaction() as session:
        payout_schedules.trigger(session, plan, at=clock.now(), actor=DIVINE)
    payouts.settled(runtime, payouts.written(runtime, plan), ProviderStatus.SUCCEEDED)
    assert seen(runtime, "payout_failed")[0] == []
