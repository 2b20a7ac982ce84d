"""Why escrows were not paid: a sentence for each, and a mark on those that wait for a wallet."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.domain.state_labels import in_words
from webapp.domain.states import EscrowStatus
from webapp.domain.words import phrase
from webapp.models import Dispute, Escrow, Party
from webapp.services.common.batch_result import RefusedItem
from webapp.services.escrows.due import is_ripe
from webapp.sql import one_of

NO_WALLET = "no_wallet"


def refusals(
    session: Session, ids: Sequence[int], payable: Sequence[int], due_by: datetime | None, *, mark: bool = True
) -> list[RefusedItem]:
    """What is the matter with each escrow that can't be paid; `mark` marks those without a wallet as blocked."""
    left = sorted(set(ids) - set(payable))
    if not left:
        return []
    rows = session.execute(
        select(
            Escrow.id,
            Escrow.ref,
            Escrow.status,
            Escrow.freezes,
            Escrow.release_at,
            Escrow.currency,
            Party.name,
            is_ripe().label("ripe"),
        )
        .join(Party, Party.id == Escrow.seller_id)
        .where(one_of(session, Escrow.id, left))
        .order_by(Escrow.id)
    ).all()
    waiting = _waiting_for_wallet(rows, due_by, _disputed(session, left))
    if mark:
        _mark_blocked(session, waiting)
    return [RefusedItem(row.id, row.ref, _sentence(row, due_by, row.id in waiting)) for row in rows]


def _disputed(session: Session, ids: Sequence[int]) -> set[int]:
    open_ones = select(Dispute.escrow_id).where(
        one_of(session, Dispute.escrow_id, ids), Dispute.status.not_in(("resolved", "withdrawn"))
    )
    return set(session.scalars(open_ones))


def _waiting_for_wallet(rows: Sequence[Any], due_by: datetime | None, disputed: set[int]) -> set[int]:
    return {row.id for row in rows if _is_payable(row, due_by) and row.id not in disputed}


def _is_payable(row: Any, due_by: datetime | None) -> bool:
    due = due_by is None or (row.release_at is not None and row.release_at <= due_by)
    return due and (due_by is None or row.ripe) and row.status == EscrowStatus.HELD and not row.freezes


def _mark_blocked(session: Session, ids: set[int]) -> None:
    if ids:
        session.execute(
            update(Escrow)
            .where(one_of(session, Escrow.id, sorted(ids)), Escrow.blocked.is_(None))
            .values(blocked=NO_WALLET)
            .execution_options(synchronize_session=False)
        )


def _sentence(row: Any, due_by: datetime | None, without_wallet: bool) -> str:
    status, freezes = row.status, row.freezes
    if without_wallet:
        return phrase("%(name)s has no wallet in %(currency)s.", name=row.name, currency=row.currency)
    if status == EscrowStatus.PENDING_PAYMENT:
        return phrase("It was not paid yet.")
    if status != EscrowStatus.HELD:
        return phrase("It is %(status)s already.", status=in_words(status))
    if freezes:
        return phrase("It is frozen.")
    if due_by is not None and not row.ripe:
        return phrase("The order is not completed yet.")
    if due_by is not None and not _is_payable(row, due_by):
        return phrase("It is not due any more.")
    return phrase("It has an open dispute.")
