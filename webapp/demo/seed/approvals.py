"""Decisions above the limit that wait for a second person."""

from webapp.demo.seed.context import World
from webapp.demo.seed.disputes import Case
from webapp.domain.rulings import Ruling
from webapp.domain.states import Resolution
from webapp.services.disputes import disputes
from webapp.services.users.users import actor_of

_REASON = "The waybill and the photos agree: six in ten reached the buyer in order."


def add_proposals(world: World, cases: list[Case]) -> None:
    """The agent has proposed how these end; they wait for the approver."""
    for case in cases:
        if case.trade.fate == "proposed":
            _propose(world, case)


def _propose(world: World, case: Case) -> None:
    buyer = case.trade.amount * 40 // 100
    ruling = Ruling(Resolution.SPLIT, "shared_fault", _REASON, buyer, case.trade.amount - buyer)
    disputes.resolve(
        world.session,
        case.id,
        ruling,
        version=disputes.get(world.session, case.id).version,
        at=world.ago(hours=5),
        actor=actor_of(world.people["agent"]),
        settings=world.runtime.settings,
    )
