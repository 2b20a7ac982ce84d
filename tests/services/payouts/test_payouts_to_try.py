"""What a person may have tried: nothing while a payout of the schedule is paid after all, and only what may be sent."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.arguments import ByActorUnderSettings
from tests.support.market import AMINA, DIVINE
from tests.support.payouts import planned, settled, written
from webapp import clock
from webapp.domain.actors import job_actor
from webapp.domain.providers.provider_results import NoResponse, ProviderStatus
from webapp.errors import Conflict, Overtaken
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import Alert, Payout, PayoutPause, PayoutSchedule
from webapp.runtime import Runtime
from webapp.services.approvals import limits
from webapp.services.payouts import creation as payout_creation
from webapp.services.payouts import decisions as payout_decisions
from webapp.services.payouts import destinations as payout_destinations
from webapp.services.payouts import detail as payout_detail
from webapp.services.payouts import payouts
from webapp.services.payouts import probes as payout_probes
from webapp.services.payouts import settlement as payout_settlement
from webapp.services.payouts.destinations import NewDestination
from webapp.services.payouts.schedules import detail as schedule_detail
from webapp.services.payouts.schedules import schedules as payout_schedules

SHORT = NoResponse("Your balance is not enough.", is_answer=True, is_unsent=True, pauses_all=True)


def _account_changes(runtime: Runtime, number: int) -> None:
    with runtime.db.transaction() as session:
        party = session.get_one(Payout, number).party_id
        to = NewDestination("NGN", "nuban", "044", "9" * 10, "Efua")
        payout_destinations.put(session, party, to, at=clock.now(), actor=DIVINE, settings=runtime.settings)


def _paused(runtime: Runtime) -> int:
    """A payout whose provider sends none at present."""
    number = written(runtime, planned(runtime))
    with runtime.db.transaction() as session:
        payout_settlement.settle_all(session, {number: SHORT}, at=clock.now(), actor=DIVINE)
    return number


def test_nothing_is_paid_again_while_it_is_undecided_who_bears_what_was_paid_after_all(runtime: Runtime) -> None:
    register_jobs(runtime)
    number, at = written(runtime, planned(runtime)), clock.now()
    settled(runtime, number, ProviderStatus.SUCCEEDED)
    settled(runtime, number, ProviderStatus.REVERSED)
    with runtime.db.reading() as session:
        assert payout_detail.retry_disabled_reason(payout_detail.read(session, number), at) == ""
    settled(runtime, number, ProviderStatus.SUCCEEDED)
    with runtime.db.transaction() as session:
        file = payout_detail.read(session, number)
        plan = schedule_detail.read(session, file.payout.schedule_id or 0)
        said = f"Its payout {file.payout.ref} was paid after all: claw it back or write it off first."
        assert payout_detail.retry_disabled_reason(file, at) == said
        assert schedule_detail.pay_disabled_reason(plan, at) == said
    for action, subject in ((payouts.retry, number), (payout_schedules.trigger, plan.schedule.id)):
        with pytest.raises(Conflict, match="was paid after all"), runtime.db.transaction() as session:
            action(session, subject, at=at, actor=DIVINE)
    with runtime.db.reading() as session:
        assert session.get_one(PayoutSchedule, plan.schedule.id).status == "failed"


def test_no_payout_is_written_beside_one_that_was_paid_after_all(runtime: Runtime) -> None:
    schedule = planned(runtime)
    number = written(runtime, schedule)
    for status in (ProviderStatus.SUCCEEDED, ProviderStatus.REVERSED, ProviderStatus.SUCCEEDED):
        settled(runtime, number, status)
    with runtime.db.transaction() as session:
        session.get_one(PayoutSchedule, schedule).status = "pending"
        session.flush()
        outcome = payout_creation.create_all(
            session, [schedule], at=clock.now(), actor=job_actor("process_payout_schedules"), routes={"NGN": "paystack"}
        )
        assert [each.sentence for each in outcome.refused] == [
            "1 of its payouts was paid after all: that is decided first."
        ]


def test_the_last_word_of_one_paid_after_all_is_that_and_then_that_it_came_back(runtime: Runtime) -> None:
    number = written(runtime, planned(runtime))
    settled(runtime, number, ProviderStatus.SUCCEEDED)
    settled(runtime, number, ProviderStatus.REVERSED)
    for status, said in (
        (ProviderStatus.SUCCEEDED, "that it was paid after all"),
        (ProviderStatus.REVERSED, "took it back once more"),
    ):
        settled(runtime, number, status)
        with runtime.db.reading() as session:
            assert said in (payouts.get(session, number).status_detail or "")


def test_what_waits_for_its_account_is_not_called_tried(runtime: Runtime) -> None:
    register_jobs(runtime)
    refused = _paused(runtime)
    other = written(runtime, planned(runtime))
    _account_changes(runtime, refused)
    later = clock.now() + timedelta(hours=1)
    with runtime.db.transaction() as session:
        session.get_one(Payout, other).next_try_at = later
        assert payout_probes.try_now(session, at=clock.now(), actor=DIVINE)[0] == ["paystack"]
        tried_at = session.get_one(Payout, other).next_try_at
        assert tried_at is not None
        assert tried_at < later, "the one that may be sent is tried"


def test_trying_is_refused_in_words_when_no_payout_may_be_sent(runtime: Runtime) -> None:
    register_jobs(runtime)
    _account_changes(runtime, _paused(runtime))
    with pytest.raises(Conflict, match="Nothing was tried"), runtime.db.transaction() as session:
        payout_probes.try_now(session, at=clock.now(), actor=DIVINE)
    with runtime.db.transaction() as session:
        session.query(PayoutPause).delete()
        with pytest.raises(Overtaken):
            payout_probes.try_now(session, at=clock.now(), actor=DIVINE)


@pytest.mark.parametrize("action", ["payout.claw_back", "payout.write_off"])
def test_every_alert_of_one_that_failed_ends_when_it_counts_as_paid_after_all(runtime: Runtime, action: str) -> None:
    number = written(runtime, planned(runtime))
    for word in (ProviderStatus.SUCCEEDED, ProviderStatus.FAILED, ProviderStatus.SUCCEEDED):
        settled(runtime, number, word)
    assert _firing(runtime) == ["payout_contradicted", "payout_failed"]
    how: ByActorUnderSettings = {"at": clock.now(), "actor": AMINA, "settings": runtime.settings}
    with runtime.db.transaction() as session:
        limits.set_limits(session, {"NGN": 10_000}, at=clock.now(), actor=DIVINE)
        version = payouts.get(session, number).version
        assert payout_decisions.decide(session, action, number, "It was paid.", version=version, **how).executed
    assert _firing(runtime) == []


def _firing(runtime: Runtime) -> list[str]:
    with runtime.db.reading() as session:
        return list(session.scalars(select(Alert.rule).where(Alert.status == "firing").order_by(Alert.rule)))
