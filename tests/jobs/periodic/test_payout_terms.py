"""Paying by hand sends what the page said, or is refused in words."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.support.arguments import ByActorUnderSettings
from tests.support.market import DIVINE, undone
from tests.support.payouts import planned, settled, written
from webapp import clock, jobs
from webapp.domain.actors import job_actor
from webapp.domain.providers.provider_results import ProviderStatus
from webapp.errors import Conflict, Overtaken
from webapp.models import Payout, Run
from webapp.runtime import Runtime
from webapp.services.common.batch_result import Outcome
from webapp.services.payouts import creation as payout_creation
from webapp.services.payouts import destinations as payout_destinations
from webapp.services.payouts import detail as payout_detail
from webapp.services.payouts import payouts
from webapp.services.payouts.destinations import NewDestination
from webapp.services.payouts.schedules import schedules as payout_schedules
from webapp.services.payouts.schedules import terms as payout_terms
from webapp.services.scheduling import schedules

JOB = job_actor("process_payout_schedules")


def failed(runtime: Runtime) -> tuple[int, int]:
    """A schedule and its payout, which failed."""
    with runtime.db.transaction() as session:
        schedules.register(session, [jobs.registry()[payout_schedules.JOB]], clock.now())
    plan = planned(runtime)
    number = written(runtime, plan)
    settled(runtime, number, ProviderStatus.FAILED)
    return plan, number


def change(runtime: Runtime, plan: int, **to: Any) -> None:
    with runtime.db.transaction() as session:
        found = payout_schedules.get(session, plan)
        now: dict[str, Any] = {"amount": found.amount, "due_at": found.due_at, "version": found.version}
        rest: dict[str, Any] = {"guarantee_completion_date": None, "placement": None}
        payout_schedules.change(session, plan, **now | to, **rest, at=clock.now(), actor=DIVINE)


def move(runtime: Runtime, plan: int, *, ago: timedelta = timedelta(days=2)) -> int:
    """Another account, set so long ago."""
    with runtime.db.transaction() as session:
        party, to = (
            payout_schedules.get(session, plan).party_id,
            NewDestination("NGN", "nuban", "044", "9" * 10, "Efua"),
        )
        how: ByActorUnderSettings = {"at": clock.now() - ago, "actor": DIVINE, "settings": runtime.settings}
        return payout_destinations.put(session, party, to, **how).id


def shown(runtime: Runtime, plan: int) -> str:
    with runtime.db.reading() as session:
        return payout_terms.of(session, payout_schedules.get(session, plan)).stamp


def retry(runtime: Runtime, number: int, terms: str | None = None) -> Run:
    with runtime.db.transaction() as session:
        return payouts.retry(session, number, at=clock.now(), actor=DIVINE, shown=terms)


def write(runtime: Runtime, plan: int, run: Run) -> Outcome:
    """What the run does first."""
    with runtime.db.transaction() as session:
        return payout_creation.create_all(
            session,
            [plan],
            at=clock.now(),
            actor=JOB,
            routes={"NGN": "paystack"},
            terms=(run.parameters or {})["terms"],
        )


@pytest.mark.parametrize("to", [{"amount": 1_000}, {"due_at": clock.now() + timedelta(days=20)}])
def test_what_was_changed_since_is_not_tried_again_in_the_old_ones_name(runtime: Runtime, to: dict[str, Any]) -> None:
    plan, number = failed(runtime)
    change(runtime, plan, **to)
    with pytest.raises(Overtaken, match=r"is over NGN \d+\.00 by now, due .*: have it paid there"):
        retry(runtime, number)
    with runtime.db.reading() as session:
        assert "have it paid there" in payout_detail.retry_disabled_reason(
            payout_detail.read(session, number), clock.now()
        )


def test_what_was_changed_while_somebody_read_it_is_not_sent(runtime: Runtime) -> None:
    plan, number = failed(runtime)
    terms = shown(runtime, plan)
    move(runtime, plan)
    with pytest.raises(Overtaken, match=r"to Efua, 044 ···9999\. Nothing was sent"):
        retry(runtime, number, terms)
    assert retry(runtime, number, shown(runtime, plan)).parameters
    terms = shown(runtime, plan)
    change(runtime, plan, amount=1_000)
    with runtime.db.transaction() as session, pytest.raises(Overtaken, match=r"NGN 10\.00"), undone(session):
        payout_schedules.trigger(session, plan, at=clock.now(), actor=DIVINE, shown=terms)


def _less(runtime: Runtime, plan: int) -> None:
    change(runtime, plan, amount=1_000)


def _elsewhere(runtime: Runtime, plan: int) -> None:
    move(runtime, plan)


@pytest.mark.parametrize("meanwhile", [_less, _elsewhere])
def test_what_is_changed_before_the_run_gets_to_it_is_not_sent(runtime: Runtime, meanwhile: Any) -> None:
    plan, number = failed(runtime)
    run = retry(runtime, number, shown(runtime, plan))
    meanwhile(runtime, plan)
    [refused] = write(runtime, plan, run).refused
    assert "It was changed after somebody had asked for it to be paid" in refused.sentence
    with runtime.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Payout)) == 1


def test_what_was_read_and_did_not_change_is_sent(runtime: Runtime) -> None:
    plan, number = failed(runtime)
    move(runtime, plan)
    run = retry(runtime, number, shown(runtime, plan))
    assert write(runtime, plan, run).passed_on == 1


def test_to_an_account_that_waits_nothing_is_sent_by_hand(runtime: Runtime) -> None:
    plan, number = failed(runtime)
    move(runtime, plan, ago=timedelta(0))
    with pytest.raises(Conflict, match="is new: nothing is paid to it before"):
        retry(runtime, number, shown(runtime, plan))
