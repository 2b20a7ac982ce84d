"""Decisions above the limit that wait for a second person."""

from webapp.demo.seed.context import SeedContext
from webapp.demo.seed.disputes import SeedDispute
from webapp.domain.disputes.resolutions import DisputeResolution
from webapp.domain.states import Resolution
from webapp.services.disputes import disputes
from webapp.services.users.users import actor_of

_REASON = "The waybill and the photos agree: six in ten reached the buyer in order."


def add_proposals(context: SeedContext, cases: list[SeedDispute]) -> None:
    """The agent has proposed how these end; they wait for the approver."""
    for case in cases:
        if case.trade.scenario == "proposed":
            _propose(context, case)


def _propose(context: SeedContext, case: SeedDispute) -> None:
    buyer = case.trade.amount * 40 // 100
    resolution = DisputeResolution(Resolution.SPLIT, "shared_fault", _REASON, buyer, case.trade.amount - buyer)
    disputes.resolve(
        context.session,
        case.id,
        resolution,
        version=disputes.get(context.session, case.id).version,
        at=context.ago(hours=5),
        actor=actor_of(context.staff["agent"]),
        settings=context.runtime.settings,
    )
