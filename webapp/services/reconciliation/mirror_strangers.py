"""What the external ledger moved in our balances under a reference that is not ours."""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from webapp.domain.words import phrase
from webapp.providers.blnk.provider import There
from webapp.services.reconciliation import mirror_accounts, mirror_queue
from webapp.services.reconciliation.comparison import MISSING_HERE, Finding


def among(session: Session, rows: Sequence[There]) -> list[There]:
    """Those of these rows. Whoever else uses that server moves other balances, which is none of our concern."""
    moved = [each for each in rows if each.has_moved]
    ends = sorted({balance for each in moved for balance in (each.movement.source, each.movement.destination)})
    concerned = mirror_accounts.of_balances(session, ends)
    near = [each for each in moved if concerned & {each.movement.source, each.movement.destination}]
    ours = mirror_queue.ours(session, sorted({each.movement.reference for each in near}))
    return [each for each in near if each.movement.reference not in ours]


def not_undone(strangers: Mapping[str, There]) -> list[There]:
    """Those, by their numbers there, that were not refunded there since; a refund of one of them is none either."""
    refunds = {each.movement.reference.removesuffix("_q"): number for number, each in strangers.items()}
    undone = {number: refunds[f"{number}_refund"] for number in strangers if f"{number}_refund" in refunds}
    gone = {*undone, *undone.values()}
    return [each for number, each in strangers.items() if number not in gone]


def finding(stranger: There) -> Finding:
    """The discrepancy that it is."""
    moved = stranger.movement
    detail = phrase(
        "Blnk moved %(money)s under %(reference)s, which the desk did not send.",
        money=moved.money,
        reference=moved.reference,
    )
    return Finding(MISSING_HERE, moved.reference, detail, moved.currency, None, moved.amount)
