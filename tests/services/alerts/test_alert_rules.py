"""Every alert rule: the trouble that it asks about, brought about; and a rule in a new file is asked."""

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import insert, update

import webapp.services
from tests.services.alerts.test_alerts import everything_is_alive, firing
from tests.support.copies import become_a_copy
from tests.support.market import Market
from tests.support.subscriptions import subscribed
from webapp import clock
from webapp.jobs.steps.evaluate_alerts import evaluate, evaluate_all
from webapp.models import Delivery, Dispute, MirrorEntry, ProviderState, Subscription, Transfer, WebhookEndpoint
from webapp.runtime import Runtime
from webapp.services.alerts import registry as alert_registry

LONG_AGO = timedelta(hours=1)
NEW_FILE = '''
"""A rule of tomorrow."""
from webapp.services.alerts.registry import rule


@rule(severity="warn")
def too_quiet(session, at, settings):
    """Nothing happens."""
    yield "desk", "Nothing has happened."
'''


@pytest.fixture
def tomorrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One more file beside the services, which nothing mentions."""
    (tmp_path / "rules_of_tomorrow.py").write_text(NEW_FILE)
    monkeypatch.setattr(webapp.services, "__path__", [*webapp.services.__path__, str(tmp_path)])
    alert_registry._load.cache_clear()
    yield
    alert_registry._rules.pop("too_quiet", None)
    sys.modules.pop("webapp.services.rules_of_tomorrow", None)


def test_a_rule_in_a_new_file_is_asked(runtime: Runtime, tomorrow: None) -> None:
    everything_is_alive(runtime)
    evaluate(runtime)
    assert ("too_quiet", "desk") in firing(runtime)


def _dispute(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        dispute = Market(session, runtime).dispute()
        session.execute(
            update(Dispute).where(Dispute.id == dispute.id).values(ref="d-1", due_at=clock.now() - LONG_AGO)
        )


def _mirror(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        Market(session, runtime).escrow()
    with runtime.db.transaction() as session:
        transfer = session.query(Transfer).first()
        assert transfer is not None
        session.execute(insert(MirrorEntry).values(transfer_id=transfer.id, status="dead", next_try_at=clock.now()))


def _delivery(runtime: Runtime, status: str) -> None:
    row: dict[str, Any] = {"key": "k", "channel": "email", "lane": "l", "kind": "escrow.released", "body": "b"}
    row |= {"subject_kind": "escrow", "subject_id": 1, "recipient": "a@desk.example", "title": "t"}
    then = clock.now() - LONG_AGO
    with runtime.db.transaction() as session:
        session.execute(insert(Delivery).values(**row, status=status, next_try_at=then, created_at=then))


def _endpoint(runtime: Runtime) -> None:
    then = clock.now() - LONG_AGO
    row = {
        "url": "https://hooks.example/a",
        "description": "a",
        "events": ["*"],
        "secret_encrypted": "-",
        "created_by": "x",
    }
    with runtime.db.transaction() as session:
        session.execute(
            insert(WebhookEndpoint).values(id=1, **row, created_at=then, failing_since=then, paused_at=then)
        )


def _provider(runtime: Runtime) -> None:
    then = clock.now() - LONG_AGO
    with runtime.db.transaction() as session:
        row = {
            "provider": "paystack",
            "failures": 30,
            "opened_at": then,
            "last_failure_at": clock.now(),
            "last_error": "-",
        }
        session.execute(insert(ProviderState).values(**row))


def _tenant(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        key = subscribed(session, "shop-1", clock.now() - 100 * LONG_AGO, "suspended")
        subscribed(session, "shop-2", clock.now() - 100 * LONG_AGO, "suspended")
        by_hand = subscribed(session, "shop-3", clock.now() - 100 * LONG_AGO, "suspended", by_hand=True)
        subscribed(session, "shop-4", clock.now() - 100 * LONG_AGO, "expired")
        session.execute(
            update(Subscription).where(Subscription.id != key + 1).values(payment_pending_since=clock.now())
        )
        assert by_hand == key + 2


TROUBLE: dict[tuple[str, str], Callable[[Runtime], None]] = {
    ("dispute_past_due", "d-1"): _dispute,
    ("tenant_suspended_in_error", "shop-1"): _tenant,
    ("mirror_given_up", "blnk"): _mirror,
    ("delivery_waiting_too_long", "outbox"): lambda runtime: _delivery(runtime, "waiting"),
    ("dead_letters", "email"): lambda runtime: _delivery(runtime, "dead"),
    ("endpoint_paused", "1"): _endpoint,
    ("provider_unwell", "paystack"): _provider,
    ("may_be_a_copy", "instance"): become_a_copy,
}


@pytest.mark.parametrize(("alert", "bring_about"), TROUBLE.items(), ids=[rule for rule, _ in TROUBLE])
def test_a_rule_fires_for_its_trouble_and_for_nothing_else(
    runtime: Runtime, alert: tuple[str, str], bring_about: Callable[[Runtime], None]
) -> None:
    everything_is_alive(runtime)
    desk = replace(runtime, settings=runtime.settings.model_copy(update={"paystack_secret_key": "sk_test_x"}))
    evaluate(desk)
    assert firing(desk) == []
    bring_about(desk)
    evaluate(desk)
    assert firing(desk) == [alert]


def test_redis_and_the_disk_are_asked_outside_of_a_transaction(
    sqlite_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything_is_alive(sqlite_runtime)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=2**20))
    evaluate(sqlite_runtime)
    assert firing(sqlite_runtime) == []
    evaluate_all(sqlite_runtime)
    assert firing(sqlite_runtime) == [("disk_nearly_full", "disk"), ("redis_unwell", "redis")]
