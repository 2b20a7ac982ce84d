"""Taking the demo's money out of the books that it shares with the rest: pool accounts and daily figures."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date
from typing import Any

from sqlalchemy import Select, delete, func, or_, select, update
from sqlalchemy.orm import Session

from webapp.domain.states import AccountKind, TransferKind
from webapp.models import Account, DailyFigure, Entry, Escrow, Transfer
from webapp.models.base import BigInt
from webapp.sql import one_of

_HELD = (TransferKind.HOLD, TransferKind.CREDIT, TransferKind.PENDING_EARNING)
_RELEASED = (TransferKind.RELEASE, TransferKind.EARNING)


def transfers_of(session: Session, parties: Select[Any], escrows: Select[Any]) -> list[int]:
    """Every transfer of the demo's escrows and of its parties' accounts."""
    of_accounts = (
        select(Entry.transfer_id).join(Account, Account.id == Entry.account_id).where(Account.party_id.in_(parties))
    )
    found = select(Transfer.id).where(or_(Transfer.escrow_id.in_(escrows), Transfer.id.in_(of_accounts)))
    return list(session.scalars(found))


def reverse_balances(session: Session, transfers: Sequence[int], parties: Select[Any]) -> None:
    """Take what these transfers moved out of the accounts that stay, and out of the figures of their days."""
    _settle_figures(session, transfers)
    sums = (
        select(Entry.account_id, func.sum(Entry.amount).cast(BigInt))
        .join(Account, Account.id == Entry.account_id)
        .where(
            one_of(session, Entry.transfer_id, transfers),
            or_(Account.party_id.is_(None), Account.party_id.not_in(parties)),
        )
        .group_by(Entry.account_id)
        .order_by(Entry.account_id)
    )
    for account_id, total in session.execute(sums).all():
        moved = update(Account).where(Account.id == account_id).values(balance=Account.balance - total)
        session.execute(moved.execution_options(synchronize_session=False))


def _settle_figures(session: Session, transfers: Sequence[int]) -> None:
    for (day, currency), (held, released, refunded) in sorted(_moved(session, transfers).items()):
        key = (DailyFigure.day == day, DailyFigure.currency == currency)
        less = {
            "held": DailyFigure.held - held,
            "released": DailyFigure.released - released,
            "refunded": DailyFigure.refunded - refunded,
        }
        session.execute(update(DailyFigure).where(*key).values(**less).execution_options(synchronize_session=False))
    empty = delete(DailyFigure).where(DailyFigure.held == 0, DailyFigure.released == 0, DailyFigure.refunded == 0)
    session.execute(empty.execution_options(synchronize_session=False))


def _moved(session: Session, transfers: Sequence[int]) -> dict[tuple[date, str], list[int]]:
    """Held, released and refunded per day and currency, as the figures counted them."""
    moved: dict[tuple[date, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    back = _to_buyers(session, transfers)
    rows = select(Transfer.id, Transfer.kind, Transfer.at, Transfer.currency, Transfer.amount)
    for row in session.execute(rows.where(one_of(session, Transfer.id, transfers))):
        figures = moved[row.at.astimezone(UTC).date(), row.currency]
        if row.kind in _HELD:
            figures[0] += row.amount
        elif row.kind in _RELEASED:
            figures[1] += row.amount
        elif row.kind == TransferKind.REFUND:
            figures[2] += row.amount
        elif row.kind == TransferKind.SPLIT:
            figures[1] += row.amount - back.get(row.id, 0)
            figures[2] += back.get(row.id, 0)
    return moved


def _to_buyers(session: Session, transfers: Sequence[int]) -> dict[int, int]:
    """What each split gave back to its buyer."""
    rows = (
        select(Transfer.id, func.sum(Entry.amount).cast(BigInt))
        .join(Escrow, Escrow.id == Transfer.escrow_id)
        .join(Entry, Entry.transfer_id == Transfer.id)
        .join(Account, (Account.id == Entry.account_id) & (Account.party_id == Escrow.buyer_id))
        .where(
            one_of(session, Transfer.id, transfers),
            Transfer.kind == TransferKind.SPLIT,
            Account.kind == AccountKind.WALLET,
        )
        .group_by(Transfer.id)
    )
    return dict(session.execute(rows).all())
