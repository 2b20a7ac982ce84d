"""An escrow as a decision takes it: one look at all that keeps it, and at where its money goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from webapp.domain.states import AccountKind, ApprovalStatus
from webapp.domain.words import phrase
from webapp.errors import NotFound
from webapp.models import Account, Approval, Base, Escrow, Freeze
from webapp.sql import shared_alias

_Seller, _Buyer = shared_alias(Account), shared_alias(Account)


@dataclass(frozen=True, slots=True)
class EscrowSubject:
    """The escrow that is decided on."""

    escrow: Escrow
    freezes: Sequence[Freeze]
    """What freezes it now, oldest first."""
    seller_wallet: int | None
    buyer_wallet: int | None
    waiting: Approval | None
    """The proposal about the subject that waits for a second person."""


def fetch(session: Session, kind: str, model: type[Base], subject_id: int) -> tuple[Any, EscrowSubject]:
    """The subject itself and the escrow that it is of, fresh, in one statement. Raises NotFound."""
    table: Any = model
    about = and_(
        Approval.subject_kind == kind, Approval.subject_id == table.id, Approval.status == ApprovalStatus.PROPOSED
    )
    rows = select(table, Escrow, Freeze, _Seller.id, _Buyer.id, Approval).where(table.id == subject_id)
    if model is not Escrow:
        rows = rows.join(Escrow, Escrow.id == table.escrow_id)
    rows = (
        rows.outerjoin(Freeze, and_(Freeze.escrow_id == Escrow.id, Freeze.lifted_at.is_(None)))
        .outerjoin(_Seller, _is_wallet(_Seller, Escrow.seller_id))
        .outerjoin(_Buyer, _is_wallet(_Buyer, Escrow.buyer_id))
        .outerjoin(Approval, about)
        .order_by(Freeze.id)
    )
    found = session.execute(rows.execution_options(populate_existing=True)).all()
    if not found:
        raise NotFound(phrase("There is no %(kind)s %(subject_id)s.", kind=kind, subject_id=subject_id))
    subject, escrow, _, seller, buyer, waiting = found[0]
    return subject, EscrowSubject(escrow, [row[2] for row in found if row[2]], seller, buyer, waiting)


def _is_wallet(account: Any, party: Any) -> ColumnElement[bool]:
    mine = (account.kind == AccountKind.WALLET, account.party_id == party, account.owner == "")
    return and_(*mine, account.currency == Escrow.currency)
