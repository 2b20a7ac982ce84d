"""How a payout stands, in one of seven ways: whatever else is said of it does not say another."""

from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.support import payouts as payouts_of
from tests.support.arguments import ByActorUnderSettings
from tests.support.market import DIVINE
from webapp import clock
from webapp.domain.actors import job_actor
from webapp.domain.money.money import Money
from webapp.domain.providers.provider_results import ProviderStatus
from webapp.domain.states import AccountKind, PayoutStatus
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import Account, Alert, Payout, PayoutPause, PayoutSchedule
from webapp.runtime import Runtime
from webapp.services.approvals import limits
from webapp.services.ledger import accounts
from webapp.services.payouts import decisions as payout_decisions
from webapp.services.payouts import destinations as payout_destinations
from webapp.services.payouts import detail as payout_detail
from webapp.services.payouts import explanation as payout_explanation
from webapp.services.payouts.destinations import NewDestination
from webapp.services.payouts.detail import PayoutDetail
from webapp.services.payouts.explanation import PayoutSituation
from webapp.services.payouts.schedules import detail as schedule_detail
from webapp.services.payouts.schedules import schedules as payout_schedules

JOB = job_actor("process_payout_schedules")
WORDS = {
    PayoutSituation.NOT_SENT: "is not sent",
    PayoutSituation.UNDER_WAY: "Its provider took it, and has not said yet",
    PayoutSituation.UNKNOWN: "became of it is not known",
    PayoutSituation.REFUSED: "was refused",
    PayoutSituation.FAILED: "It failed",
    PayoutSituation.RETURNED: "It came back",
    PayoutSituation.PAID: "It was paid",
}


def _file(runtime: Runtime, number: int) -> PayoutDetail:
    with runtime.db.reading() as session:
        return payout_detail.read(session, number)


def _why(runtime: Runtime, number: int, at: datetime | None = None) -> str:
    return " ".join(payout_explanation.why(_file(runtime, number), at or clock.now(), runtime.settings))


def _force(runtime: Runtime, number: int, **values: Any) -> None:
    with runtime.db.transaction() as session:
        session.execute(update(Payout).where(Payout.id == number).values(**values))


def _account_changes(runtime: Runtime, number: int) -> None:
    with runtime.db.transaction() as session:
        party = session.get_one(Payout, number).party_id
        to = NewDestination("NGN", "nuban", "058", "0099999999", "Kofi Mensah")
        payout_destinations.put(session, party, to, at=clock.now(), actor=DIVINE, settings=runtime.settings)


def _paid_after_all(runtime: Runtime) -> int:
    """A payout that failed, its money in the wallet again, and was paid after all."""
    register_jobs(runtime)
    number = payouts_of.written(runtime, payouts_of.planned(runtime))
    _force(runtime, number, status="sent", attempts=1)
    payouts_of.settled(runtime, number, ProviderStatus.FAILED, "Account closed.")
    payouts_of.settled(runtime, number, ProviderStatus.SUCCEEDED)
    return number


def test_each_payout_says_exactly_one_of_seven(runtime: Runtime) -> None:
    register_jobs(runtime)
    now, number = clock.now(), payouts_of.written(runtime, payouts_of.planned(runtime))
    maybe = (None, now - timedelta(hours=1))
    seen = set()
    for status, sent, doubted, after_all, provider_id in product(PayoutStatus, maybe, maybe, maybe, (None, "TRF_1")):
        values = {"sent_at": sent, "doubted_at": doubted, "paid_after_all_at": after_all, "provider_id": provider_id}
        more = {"status_detail": "Account closed.", "settled_at": now, "recheck_at": now, "next_try_at": now}
        _force(runtime, number, status=status, **values, **more)
        told = _why(runtime, number)
        found = [each for each, words in WORDS.items() if words in told]
        assert len(found) == 1, (values, told)
        seen |= set(found)
    assert seen == set(PayoutSituation)


def test_one_that_failed_after_it_was_paid_says_both(runtime: Runtime) -> None:
    register_jobs(runtime)
    number = payouts_of.written(runtime, payouts_of.planned(runtime))
    _force(runtime, number, status="sent", attempts=1)
    payouts_of.settled(runtime, number, ProviderStatus.SUCCEEDED)
    payouts_of.settled(runtime, number, ProviderStatus.FAILED)
    assert _why(runtime, number).startswith("It failed after it was paid to Kofi Mensah, 058")


@pytest.mark.parametrize("is_sent", [False, True])
def test_one_that_waits_for_a_person_shows_no_next_look(runtime: Runtime, is_sent: bool) -> None:
    register_jobs(runtime)
    number = payouts_of.written(runtime, payouts_of.planned(runtime))
    assert _file(runtime, number).next_check_at is not None
    _force(runtime, number, sent_at=clock.now() if is_sent else None)
    _account_changes(runtime, number)
    assert _file(runtime, number).next_check_at is None
    told = _why(runtime, number)
    assert "run looks after it" not in told
    assert ("It is not sent. It waits: it was written for" in told) is not is_sent


def test_one_that_waits_for_its_provider_shows_no_next_look(runtime: Runtime) -> None:
    register_jobs(runtime)
    number = payouts_of.written(runtime, payouts_of.planned(runtime))
    with runtime.db.transaction() as session:
        now = clock.now()
        session.add(PayoutPause(provider="paystack", since=now, reason="No balance.", payout_id=None, probe_at=now))
    assert _file(runtime, number).next_check_at is None
    assert _why(runtime, number).startswith("It is not sent. It waits.")


def test_when_it_was_paid_is_the_provider_s_instant_or_since_when_it_is_known(runtime: Runtime) -> None:
    register_jobs(runtime)
    told, untold = (payouts_of.written(runtime, payouts_of.planned(runtime)) for _ in range(2))
    for number in (told, untold):
        _force(runtime, number, status="sent", attempts=1)
    paid_at = clock.now() - timedelta(days=2)
    payouts_of.settled(runtime, told, ProviderStatus.SUCCEEDED, paid_at=paid_at)
    payouts_of.settled(runtime, untold, ProviderStatus.SUCCEEDED)
    assert f"It was paid on {paid_at:%d %B %Y at %H:%M} UTC, by paystack's clock." in _why(runtime, told)
    known = _file(runtime, untold).payout.settled_at
    assert known is not None
    assert f"It was paid, as paystack tells since {known:%d %B %Y at %H:%M} UTC." in _why(runtime, untold)


@pytest.mark.parametrize("is_told", [False, True])
def test_one_paid_after_all_says_so_and_nothing_of_how_it_had_ended(runtime: Runtime, is_told: bool) -> None:
    register_jobs(runtime)
    number = payouts_of.written(runtime, payouts_of.planned(runtime))
    _force(runtime, number, status="sent", attempts=1)
    payouts_of.settled(runtime, number, ProviderStatus.FAILED, "Account closed.")
    paid_at = clock.now() - timedelta(days=3)
    payouts_of.settled(runtime, number, ProviderStatus.SUCCEEDED, paid_at=paid_at if is_told else None)
    since = _file(runtime, number).payout.paid_after_all_at
    assert since is not None
    told = _why(runtime, number)
    when = f" on {paid_at:%d %B %Y at %H:%M} UTC" if is_told else f", as paystack tells since {since:%d %B %Y}"
    assert told.startswith(f"It was paid after all{when}")
    for other in ("Account closed", "tries again", "by itself", "in case it was paid", "is not sent", "did not pay"):
        assert other not in told


@pytest.mark.parametrize("action", ["claw_back", "write_off"])
def test_what_was_decided_of_one_paid_after_all_is_said_with_who_when_and_what_it_moved(
    runtime: Runtime, action: str
) -> None:
    number = _paid_after_all(runtime)
    at = clock.now()
    with runtime.db.transaction() as session:
        limits.set_limits(session, {"NGN": 1_000_000}, at=at, actor=DIVINE)
        how: ByActorUnderSettings = {"at": at, "actor": DIVINE, "settings": runtime.settings}
        payout = session.get_one(Payout, number)
        whole, ref, party = Money(payout.amount, "NGN"), payout.ref, payout.party_id
        wallet = accounts.find_account(session, AccountKind.WALLET, party, "NGN")
        there = session.get_one(Account, wallet or 0).balance
        payout_decisions.decide(session, f"payout.{action}", number, "Twice.", version=payout.version, **how)
    told = _why(runtime, number)
    moved = f"{whole} out of the platform's losses"
    if action == "claw_back":
        assert there >= whole.amount, ref
        moved = f"{whole} out of the party's wallet"
    assert f"Its money had come back to the wallet before. Divine decided on {at:%d %B %Y at %H:%M} UTC that" in told
    assert f": {moved}. The reason: Twice." in told
    payouts_of.settled(runtime, number, ProviderStatus.REVERSED)
    back = _why(runtime, number)
    assert "decided on" not in back, "it came back since"
    assert ("The money is in the wallet again." in back) == (action == "claw_back")
    assert ("The platform, which had borne it, has it again" in back) == (action == "write_off")
    with runtime.db.reading() as session:
        said = session.scalars(select(Alert.sentence).where(Alert.rule == "payout_failed").order_by(Alert.id.desc()))
        last = said.first() or ""
        now_there = session.get_one(Account, wallet or 0).balance
    assert ("The money is in the wallet again" in last) == (action == "claw_back")
    assert now_there == there, "each has what it had"


def test_a_schedule_changed_after_a_failed_attempt_says_one_date_everywhere(runtime: Runtime) -> None:
    register_jobs(runtime)
    plan = payouts_of.planned(runtime)
    number = payouts_of.written(runtime, plan)
    payouts_of.settled(runtime, number, ProviderStatus.FAILED, "Account closed.")
    now = clock.now()
    with runtime.db.transaction() as session:
        found = session.get_one(PayoutSchedule, plan)
        payout_schedules.change(
            session,
            plan,
            amount=3_000,
            due_at=now + timedelta(days=21),
            guarantee_completion_date=None,
            placement=None,
            version=found.version,
            at=now,
            actor=DIVINE,
        )
    with runtime.db.reading() as session:
        shown = schedule_detail.read(session, plan)
        foreseen = schedule_detail.next_run_at(shown, now)
    assert foreseen is not None
    assert foreseen >= now + timedelta(days=21)
    assert (shown.failed, shown.schedule.retry_count) == (1, 0)
    told = _why(runtime, number)
    assert f"pays NGN 30.00 by itself, with a new payout, by its run on {foreseen:%d %B %Y at %H:%M} UTC" in told
    assert "at its next run" not in told


def test_one_that_was_clawed_back_was_paid_when_its_provider_said_so_not_when_that_was_decided(
    runtime: Runtime,
) -> None:
    number = _paid_after_all(runtime)
    since = clock.now() - timedelta(days=5)
    _force(runtime, number, paid_after_all_at=since)
    with runtime.db.transaction() as session:
        limits.set_limits(session, {"NGN": 1_000_000}, at=clock.now(), actor=DIVINE)
        how: ByActorUnderSettings = {"at": clock.now(), "actor": DIVINE, "settings": runtime.settings}
        version = session.get_one(Payout, number).version
        why = "It is with them twice."
        payout_decisions.decide(session, "payout.claw_back", number, why, version=version, **how)
    assert _why(runtime, number).startswith(f"It was paid, as paystack tells since {since:%d %B %Y at %H:%M} UTC.")
    with runtime.db.reading() as session:
        plan = session.get_one(PayoutSchedule, session.get_one(Payout, number).schedule_id)
        assert plan.processed_at == since
