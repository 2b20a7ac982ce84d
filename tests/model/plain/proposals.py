"""What becomes of proposals that nobody executes."""

from tests.model.plain.desk import Desk


def lapse(desk: Desk, number: int) -> None:
    """It ends undecided."""
    desk.proposals[number].status = "expired"
    desk.tell(number, "approval.expired")
    give_back(desk, number)


def give_back(desk: Desk, number: int) -> None:
    """What waited for it goes on."""
    proposal = desk.proposals[number]
    if proposal.action == "dispute.resolve":
        dispute = desk.disputes[proposal.subject]
        dispute.status, dispute.version = "under_review", dispute.version + 1
    lift(desk, number)


def lift(desk: Desk, number: int) -> None:
    """Its freeze, if it has one."""
    escrow = desk.proposals[number].escrow
    if escrow is not None and ("proposal", number) in desk.escrows[escrow].freezes:
        desk.lift(escrow, "proposal", number)
