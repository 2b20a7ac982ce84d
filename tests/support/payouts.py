"""Payouts for tests: planned, written, and settled by a word of their provider."""

from datetime import timedelta
from typing import Any

from tests.support.market import DIVINE, Market
from webapp import clock
from webapp.domain.actors import job_actor
from webapp.domain.providers.provider_results import ProviderResponse, ProviderStatus
from webapp.models import Payout
from webapp.runtime import Runtime
from webapp.services.payouts import creation as payout_creation
from webapp.services.payouts import destinations as payout_destinations
from webapp.services.payouts import settlement as payout_settlement
from webapp.services.payouts.destinations import NewDestination
from webapp.services.payouts.schedules import schedules as payout_schedules
from webapp.services.payouts.schedules.schedules import NewSchedule

_JOB = job_actor("process_payout_schedules")


def planned(runtime: Runtime, amount: int = 4_000, *, held: int = 10_000, account: bool = True, **more: Any) -> int:
    """A payout schedule that is due, of a new party."""
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=clock.now())
        party = market.party("worker", wallet=held)
        if account:
            to = NewDestination("NGN", "nuban", "058", f"00{party.id:08}", "Kofi Mensah")
            long_ago = clock.now() - timedelta(days=2)
            payout_destinations.put(session, party.id, to, at=long_ago, actor=DIVINE, settings=runtime.settings)
        given = {"due_at": clock.now() - timedelta(minutes=1)} | more
        new = NewSchedule(f"plan-{party.id}", party.id, amount, "NGN", **given)
        return payout_schedules.create(session, new, at=clock.now(), actor=DIVINE).id


def written(runtime: Runtime, schedule_id: int) -> int:
    """The schedule's payout, written and not sent."""
    ways = {"NGN": "paystack"}
    with runtime.db.transaction() as session:
        payout_creation.create_all(session, [schedule_id], at=clock.now(), actor=_JOB, routes=ways)
    with runtime.db.reading() as session:
        return payout_schedules.get(session, schedule_id).payout_id or 0


def settled(runtime: Runtime, payout_id: int, status: ProviderStatus, said: str = "", **more: Any) -> None:
    """Its provider says what became of it."""
    with runtime.db.transaction() as session:
        payout = session.get_one(Payout, payout_id)
        word = ProviderResponse(payout.ref, status, payout.amount, payout.currency, "TRF_1", said, **more)
        payout_settlement.settle_all(session, {payout_id: word}, at=clock.now(), actor=_JOB)
