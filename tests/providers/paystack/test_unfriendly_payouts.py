"""Payouts through a Paystack as it is: queued is called success, references are refused, what was paid comes back."""

from collections import Counter
from datetime import datetime, timedelta
from unittest.mock import Mock

import pytest
from sqlalchemy import func, select, update

from tests.jobs.periodic.test_process_payout_schedules import held, payouts_of, schedule, sent, settle, tick
from tests.providers.http.conftest import posted  # noqa: F401
from tests.support.arguments import ByActorUnderSettings
from tests.support.job_runs import run_job_now
from tests.support.market import DIVINE, all_books_agree
from tests.support.payouts import planned, written
from tests.support.sandbox import Sandbox, pg_runtime, runtime, sandbox, sqlite_runtime, world  # noqa: F401
from webapp import clock
from webapp.domain.payouts.payout_outcome import WATCHED
from webapp.domain.providers.provider_results import NoResponse, ProviderResponse, ProviderStatus
from webapp.errors import Conflict
from webapp.models import Alert, Audit, Payout, PayoutDestination, PayoutPause, PayoutSchedule
from webapp.providers.http.errors import NotDone, ProviderRefused
from webapp.providers.webhooks import reader
from webapp.runtime import Runtime
from webapp.sandbox.core import fault_modes
from webapp.services.payouts import payouts
from webapp.services.payouts import settlement as payout_settlement
from webapp.services.payouts.schedules import schedules as payout_schedules
from webapp.services.payouts.schedules.schedules import NewSchedule
from webapp.services.scheduling import runs
from webapp.services.webhooks import inbox

JOB, EACH_MINUTE = "process_payout_schedules", "deliver_outbox"


def alerts(runtime: Runtime) -> list[tuple[str, str]]:
    """What fires about payouts: rule and subject."""
    with runtime.db.reading() as session:
        found = select(Alert.rule, Alert.subject).where(Alert.status != "resolved", Alert.rule.startswith("payout"))
        return [(rule, subject) for rule, subject in session.execute(found.order_by(Alert.id))]


def audited(runtime: Runtime, action: str) -> int:
    with runtime.db.reading() as session:
        return session.scalar(select(func.count()).where(Audit.action == action)) or 0


def now_again(runtime: Runtime) -> None:
    """Whatever waits for its time has come to it, an hour's pause too."""
    with runtime.db.transaction() as session:
        at = clock.now()
        session.execute(update(Payout).where(Payout.next_try_at.is_not(None)).values(next_try_at=at))
        session.execute(update(Payout).where(Payout.recheck_at.is_not(None)).values(recheck_at=at))
        session.execute(update(PayoutSchedule).values(last_retry_at=at - timedelta(hours=2)))
        session.execute(update(PayoutPause).values(probe_at=at))


def test_what_was_only_queued_is_not_paid_whatever_the_answer_says(runtime: Runtime, world: Sandbox) -> None:
    plan = planned(runtime)
    world.control("options", {"settle_seconds": 60})
    run_job_now(runtime, JOB)
    [payout] = payouts_of(runtime, plan)
    assert (payout.status, schedule(runtime, plan).status, payout.settled_at) == ("sent", "processing", None)

    world.control(f"transfers/{payout.ref}", {"outcome": "failed"})
    now_again(runtime)
    run_job_now(runtime, EACH_MINUTE)
    assert (payouts_of(runtime, plan)[0].status, held(runtime, plan)) == ("failed", 10_000)
    all_books_agree(runtime)


def test_what_fails_after_it_was_paid_comes_back_once_and_nothing_is_paid_again(
    runtime: Runtime, world: Sandbox
) -> None:
    plan = planned(runtime)
    settle(runtime, world)
    [payout] = payouts_of(runtime, plan)
    assert payout.status == "succeeded"
    assert payout.recheck_at is not None
    world.control(f"transfers/{payout.ref}", {"outcome": "failed"})
    for _ in range(3):
        now_again(runtime)
        run_job_now(runtime, EACH_MINUTE)
        run_job_now(runtime, JOB)

    [payout] = payouts_of(runtime, plan)
    assert (payout.status, held(runtime, plan)) == ("failed", 10_000)
    assert (schedule(runtime, plan).status, len(sent(world))) == ("failed", 1)
    assert alerts(runtime) == [("payout_failed", f"payout schedule {schedule(runtime, plan).ref}")]
    all_books_agree(runtime)


def test_what_stays_paid_is_asked_about_for_thirty_days(
    sqlite_runtime: Runtime, world: Sandbox, posted: Counter[str]
) -> None:
    plan = planned(sqlite_runtime)
    settle(sqlite_runtime, world)
    [payout] = payouts_of(sqlite_runtime, plan)
    now_again(sqlite_runtime)
    run = run_job_now(sqlite_runtime, EACH_MINUTE)
    assert (run.succeeded, run.failed, run.amounts) == (1, 0, {})
    [payout] = payouts_of(sqlite_runtime, plan)
    assert payout.recheck_at is not None
    assert payout.recheck_at > clock.now() + timedelta(minutes=59)

    with sqlite_runtime.db.transaction() as session:
        long_ago = clock.now() - WATCHED + timedelta(minutes=1)
        session.execute(update(Payout).values(settled_at=long_ago, recheck_at=clock.now()))
    run_job_now(sqlite_runtime, EACH_MINUTE)
    assert payouts_of(sqlite_runtime, plan)[0].recheck_at is None


def test_a_reference_in_use_is_looked_for_and_never_sent_again(
    runtime: Runtime, world: Sandbox, posted: Counter[str]
) -> None:
    """It was sent, its answer was lost, it was not shown when asked, and the second sending is refused."""
    plan = planned(runtime)
    world.set_fault("transfer", fault_modes.TIMEOUT_AFTER, times=1)
    world.set_fault("transfer_verify", fault_modes.REFUSE)
    run_job_now(runtime, JOB)
    for _ in range(4):
        now_again(runtime)
        run_job_now(runtime, EACH_MINUTE)
        run_job_now(runtime, JOB)
    [payout] = payouts_of(runtime, plan)
    assert (payout.status, held(runtime, plan), len(sent(world))) == ("sending", 6_000, 1)
    assert payout.doubted_at is not None
    assert posted["transfer"] == 2

    world.clear_faults()
    now_again(runtime)
    run_job_now(runtime, EACH_MINUTE)
    [payout] = payouts_of(runtime, plan)
    assert (payout.status, payout.doubted_at, schedule(runtime, plan).status) == ("succeeded", None, "processed")
    all_books_agree(runtime)


def test_an_empty_balance_pauses_all_with_one_alert_and_they_go_on_by_themselves(
    runtime: Runtime, world: Sandbox, posted: Counter[str]
) -> None:
    plans = [planned(runtime) for _ in range(3)]
    run_job_now(runtime, JOB)
    plans = [planned(runtime) for _ in range(3)]
    world.control("balance", {"currency": "NGN", "amount": 100})
    before = posted["transfer"]
    run = run_job_now(runtime, JOB)
    late = planned(runtime)
    second = run_job_now(runtime, JOB)
    run_job_now(runtime, EACH_MINUTE)

    assert posted["transfer"] <= before + 3
    assert (run.failed, second.failed) == (0, 0)
    with runtime.db.reading() as session:
        said = [item.message for item in runs.items(session, second.id)]
    assert len(said) >= 1
    assert all("Waiting" in each and "Your balance is not enough" in each for each in said)
    assert {payouts_of(runtime, each)[0].status for each in [*plans, late]} == {"pending"}
    assert {schedule(runtime, each).retry_count for each in [*plans, late]} == {0}
    assert alerts(runtime) == [("payouts_paused", "paystack")]

    world.control("balance", {"currency": "NGN", "amount": 10**9})
    for _ in range(3):
        now_again(runtime)
        run_job_now(runtime, EACH_MINUTE)
    assert {payouts_of(runtime, each)[0].status for each in [*plans, late]} <= {"sent", "succeeded"}
    assert alerts(runtime) == []
    assert (audited(runtime, "payout.pause_all"), audited(runtime, "payout.go_on")) == (1, 1)
    all_books_agree(runtime)


def test_while_all_are_paused_one_is_tried_at_a_time(
    sqlite_runtime: Runtime, world: Sandbox, posted: Counter[str]
) -> None:
    for _ in range(4):
        planned(sqlite_runtime)
    world.control("options", {"may_pay_out": False})
    run_job_now(sqlite_runtime, JOB)
    before = posted["transfer"]
    for _ in range(2):
        tick(sqlite_runtime)
        run_job_now(sqlite_runtime, EACH_MINUTE)
    assert posted["transfer"] == before
    now_again(sqlite_runtime)
    run_job_now(sqlite_runtime, EACH_MINUTE)
    assert posted["transfer"] == before + 1
    [(_, provider)] = alerts(sqlite_runtime)
    assert provider == "paystack"


def test_an_account_that_is_not_known_any_more_is_made_known_once(
    runtime: Runtime, world: Sandbox, posted: Counter[str]
) -> None:
    plan = planned(runtime)
    settle(runtime, world)
    with runtime.db.transaction() as session:
        party = payout_schedules.get(session, plan).party_id
        former = session.scalars(select(PayoutDestination.recipient)).one()
        new = NewSchedule("second", party, 1_000, "NGN", clock.now())
        other = payout_schedules.create(session, new, at=clock.now(), actor=DIVINE).id
    assert world.control("recipients/forget")["count"] == 1
    settle(runtime, world)

    assert payouts_of(runtime, other)[0].status == "succeeded"
    assert (posted["transferrecipient"], audited(runtime, "party.payout_recipient_renew")) == (2, 1)
    with runtime.db.reading() as session:
        assert session.scalars(select(PayoutDestination.recipient)).one() not in (None, former)
    all_books_agree(runtime)


def test_an_account_that_is_unknown_even_so_is_refused_with_the_providers_sentence(
    sqlite_runtime: Runtime, world: Sandbox, posted: Counter[str]
) -> None:
    plan = planned(sqlite_runtime)
    with sqlite_runtime.db.transaction() as session:
        session.execute(update(PayoutDestination).values(recipient="RCP_nobody"))
    sqlite_runtime.providers.clients["paystack"].register_recipient = lambda destination: "RCP_nobody"
    run_job_now(sqlite_runtime, JOB)

    [payout] = payouts_of(sqlite_runtime, plan)
    assert (payout.status, posted["transfer"], held(sqlite_runtime, plan)) == ("failed", 2, 10_000)
    assert "Recipient specified is invalid" in (payout.status_detail or "")


def test_paid_after_its_money_came_back_calls_a_person_and_pays_nothing_more(runtime: Runtime, world: Sandbox) -> None:
    plan = planned(runtime)
    world.control("options", {"settle_seconds": 60})
    run_job_now(runtime, JOB)
    [payout] = payouts_of(runtime, plan)
    world.control(f"transfers/{payout.ref}", {"outcome": "failed"})
    now_again(runtime)
    run_job_now(runtime, EACH_MINUTE)
    assert schedule(runtime, plan).status == "pending"
    world.control("options", {"desk": "http://127.0.0.1:9"})
    world.control(f"transfers/{payout.ref}", {"outcome": "success"})
    _told_of(runtime, payout.ref)
    now_again(runtime)
    run_job_now(runtime, JOB)

    assert len(payouts_of(runtime, plan)) == 1
    assert schedule(runtime, plan).status == "failed"
    assert alerts(runtime) == [("payout_contradicted", f"payout {payout.ref}")]


def _told_of(runtime: Runtime, reference: str) -> None:
    """Its provider's webhook comes, and is handled."""
    raw = f'{{"event":"transfer.success","data":{{"id":1,"reference":"{reference}","status":"success"}}}}'.encode()
    with runtime.db.transaction() as session:
        inbox.store(session, "paystack", raw, reader.read("paystack", raw), at=clock.now())
    run_job_now(runtime, "handle_webhooks")


@pytest.mark.parametrize("then", ["no balance", "refused"])
def test_what_is_said_of_a_second_sending_is_not_said_of_the_first(
    runtime: Runtime, world: Sandbox, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    """The first sending was taken, unseen; its provider does not show it for some hours, and turns the second away."""
    plan = planned(runtime)
    world.set_fault("transfer", fault_modes.TIMEOUT_AFTER, times=1)
    world.set_fault("transfer_verify", fault_modes.REFUSE)
    run_job_now(runtime, JOB)
    now_again(runtime)
    run_job_now(runtime, EACH_MINUTE)
    assert payouts_of(runtime, plan)[0].status == "pending"

    says = (
        NotDone("Your balance is not enough.")
        if then == "no balance"
        else ProviderRefused("No such currency.", status=400)
    )
    monkeypatch.setattr(runtime.providers.payout_senders["paystack"], "send_payout", Mock(side_effect=says))
    for _ in range(3):
        now_again(runtime)
        run_job_now(runtime, EACH_MINUTE)
        [payout] = payouts_of(runtime, plan)
        assert (payout.status in ("pending", "sending"), held(runtime, plan), len(sent(world))) == (True, 6_000, 1)
        if payout.status == "pending":
            with runtime.db.transaction() as session, pytest.raises(Conflict, match="may have been sent"):
                how: ByActorUnderSettings = {"at": clock.now(), "actor": DIVINE, "settings": runtime.settings}
                payouts.cancel(session, payout.id, "Not now.", **how)


def test_the_first_sending_is_another_fact_than_the_last(runtime: Runtime) -> None:
    first, last = clock.now() - timedelta(hours=2), clock.now() - timedelta(hours=1)
    number = written(runtime, planned(runtime))

    def tried(at: datetime, word: NoResponse | ProviderResponse) -> tuple[datetime | None, datetime | None]:
        with runtime.db.transaction() as session:
            session.execute(update(Payout).values(next_try_at=at))
            payouts.claim_due(session, at, 9, timedelta(minutes=3), ["paystack"])
            payout_settlement.settle_all(session, {number: word}, at=at, actor=DIVINE)
        with runtime.db.reading() as session:
            found = payouts.get(session, number)
        return found.first_sent_at, found.sent_at

    unsent = NoResponse("The line was busy.", is_answer=True, is_unsent=True)
    assert tried(first, unsent) == (None, None)
    assert tried(first, ProviderResponse("", ProviderStatus.ABSENT)) == (first, first)
    assert tried(last, ProviderResponse("", ProviderStatus.ABSENT)) == (first, last)
    assert tried(last, unsent) == (first, last)
