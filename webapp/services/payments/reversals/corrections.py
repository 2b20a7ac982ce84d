"""A correction: what an escrow paid is reversed, and it pays as it should have, in one decision and one transaction.

Both transfers are computed before either is posted, so that the preview shows what is posted.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.money.shares import Shares
from webapp.domain.states import AccountKind
from webapp.domain.words import phrase
from webapp.errors import Conflict
from webapp.models import Escrow, Transfer
from webapp.services.escrows import disbursement, disbursement_sql, release, taken_back
from webapp.services.ledger import accounts, reversal_debts
from webapp.services.ledger.accounts import Place
from webapp.services.ledger.reversal_debts import Met
from webapp.services.ledger.transfers import Draft
from webapp.services.payments.reversals import transfers


def require_escrow(session: Session, transfer: Transfer, escrow: Escrow | None) -> Escrow:
    """The escrow that the transfer let go. Raises Conflict when nothing can be paid out of it after the reversal."""
    if escrow is None or not transfer.is_disbursement:
        raise Conflict(
            phrase("Transfer %(reference)s let no escrow go: it can only be reversed.", reference=transfer.reference)
        )
    for _cause, _number, reason in taken_back.freezing_again(session, escrow):
        raise Conflict(
            phrase(
                "Escrow %(ref)s would be frozen as soon as it is held again: %(reason)s", ref=escrow.ref, reason=reason
            )
        )
    return escrow


def draft(session: Session, escrow: Escrow, opposite: Draft, parts: Shares) -> tuple[Draft, list[Met]]:
    """How the escrow goes in these parts after the opposite is posted, and what of them meets debts of its reversals.

    Raises Conflict when the seller gets something and has no wallet.
    """
    plan = disbursement_sql.plan_of(parts)
    if plan.seller is not None:
        disbursement.require_seller_wallet(session, escrow)
    sides: list[tuple[Place | int, int]] = [(escrow.held_account_id or 0, -escrow.amount)]
    met = []
    for party_id, part in ((escrow.buyer_id, parts.buyer), (escrow.seller_id, parts.seller)):
        debt = Place(AccountKind.RECEIVABLE, escrow.currency, party_id)
        account = accounts.found(session, debt)
        made = -sum(amount for place, amount in opposite.sides if place in (debt, account))
        covered = max(0, min(part, reversal_debts.owed_after(session, escrow, debt, made)))
        wallet = Place(AccountKind.WALLET, escrow.currency, party_id)
        sides += [(account or debt, covered), (accounts.found(session, wallet) or wallet, part - covered)]
        if covered:
            met.append(Met(escrow.id, party_id, account or 0, covered, part - covered))
    sides.append((Place(AccountKind.FEES, escrow.currency), parts.fee))
    reference = f"escrow-{escrow.id}-{escrow.hold_no + 1}-{plan.kind}"
    moved = [side for side in sides if side[1]]
    return Draft(reference, plan.kind, escrow.currency, moved, escrow.id, escrow.hold_no + 1, is_disbursement=True), met


def correct(
    session: Session,
    transfer: Transfer,
    escrow: Escrow,
    parts: Shares,
    opposite: Draft,
    right: Draft,
    reason: str,
    *,
    at: datetime,
    actor: Actor,
) -> None:
    """Post both, as they were drafted."""
    transfers.reverse(session, transfer, escrow, opposite, reason, at=at, actor=actor, is_decided=True)
    release.book_divided(session, escrow.id, parts, right, at=at, actor=actor, note=reason)
    session.expire(escrow)
