"""Does every book agree? Each check is one statement over the whole, and names what is wrong."""

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from webapp.domain.numbers import counted as so_many
from webapp.domain.states import EscrowStatus, TransferKind
from webapp.domain.words import phrase
from webapp.models import Account, Entry, Escrow, Freeze, Transfer
from webapp.models.base import BigInt
from webapp.sql import Rows

MOST_NAMED = 100

Check = Callable[[Session], Iterator[str]]


def checks(session: Session) -> Iterator[str]:
    """A sentence for each thing that is wrong; none when every book agrees. At most 100 per rule."""
    for check in _CHECKS:
        yield from check(session)


def _currencies_sum_to_zero(session: Session) -> Iterator[str]:
    total = _sum(Entry.amount)
    for currency, off in session.execute(select(Entry.currency, total).group_by(Entry.currency).having(total != 0)):
        yield phrase(
            "The entries in %(currency)s are off by %(so_many)s: money was made or lost.",
            currency=currency,
            so_many=so_many(off, "minor unit"),
        )


def _transfers_balance(session: Session) -> Iterator[str]:
    total = _sum(Entry.amount)
    off = (
        select(Entry.transfer_id, Entry.currency, total).group_by(Entry.transfer_id, Entry.currency).having(total != 0)
    )
    for transfer, currency, amount in session.execute(off.limit(MOST_NAMED)):
        yield phrase(
            "Transfer %(transfer)s does not sum to zero: it is off by %(amount)s %(currency)s.",
            transfer=transfer,
            amount=amount,
            currency=currency,
        )
    bare = select(Transfer.id, Transfer.reference).where(~exists().where(Entry.transfer_id == Transfer.id))
    for transfer, reference in session.execute(bare.limit(MOST_NAMED)):
        yield phrase("Transfer %(transfer)s (%(reference)s) has no entries.", transfer=transfer, reference=reference)


def _balances_are_their_entries(session: Session) -> Iterator[str]:
    sums = select(Entry.account_id, _sum(Entry.amount).label("total")).group_by(Entry.account_id).subquery()
    total = func.coalesce(sums.c.total, 0)
    off = select(Account.id, Account.kind, Account.balance, total).outerjoin(sums, sums.c.account_id == Account.id)
    for account, kind, balance, summed in session.execute(off.where(Account.balance != total).limit(MOST_NAMED)):
        yield phrase(
            "Account %(account)s (%(kind)s) says %(balance)s, but its entries sum to %(summed)s.",
            account=account,
            kind=kind,
            balance=balance,
            summed=summed,
        )


def _accounts_keep_their_bounds(session: Session) -> Iterator[str]:
    beyond = or_(Account.balance < Account.floor, Account.balance > Account.ceiling)
    for account, kind, balance in session.execute(
        select(Account.id, Account.kind, Account.balance).where(beyond).limit(MOST_NAMED)
    ):
        yield phrase(
            "Account %(account)s (%(kind)s) is beyond its bound: %(balance)s.",
            account=account,
            kind=kind,
            balance=balance,
        )


def _pools_hold_what_is_held(session: Session) -> Iterator[str]:
    held = (
        select(Escrow.held_account_id.label("account"), _sum(Escrow.amount).label("total"))
        .where(Escrow.status == EscrowStatus.HELD)
        .group_by(Escrow.held_account_id)
        .subquery()
    )
    total = func.coalesce(held.c.total, 0)
    pools = select(Account.id, Account.currency, Account.balance, total).outerjoin(held, held.c.account == Account.id)
    off = pools.where(Account.kind.in_(("escrow", "pending")), Account.balance != total)
    for account, currency, balance, summed in session.execute(off.limit(MOST_NAMED)):
        yield phrase(
            "Pool %(account)s (%(currency)s) holds %(balance)s, but the held escrows make %(summed)s.",
            account=account,
            currency=currency,
            balance=balance,
            summed=summed,
        )


def _freezes_are_counted(session: Session) -> Iterator[str]:
    counted = (
        select(Freeze.escrow_id, func.count().label("number"))
        .where(Freeze.lifted_at.is_(None))
        .group_by(Freeze.escrow_id)
    ).subquery()
    number = func.coalesce(counted.c.number, 0)
    off = select(Escrow.id, Escrow.ref, Escrow.freezes, number).outerjoin(counted, counted.c.escrow_id == Escrow.id)
    candidates = or_(Escrow.freezes > 0, counted.c.number.is_not(None))
    for escrow, ref, count, found in session.execute(off.where(candidates, Escrow.freezes != number).limit(MOST_NAMED)):
        yield phrase(
            "Escrow %(escrow)s (%(ref)s) says it has %(so_many)s, but %(found)s are open.",
            escrow=escrow,
            ref=ref,
            so_many=so_many(count, "freeze"),
            found=found,
        )


def _escrows_disburse_once(session: Session) -> Iterator[str]:
    """One disbursement for the present hold of each closed escrow; none for one that is held."""
    out = aliased(Transfer)
    mine = and_(out.escrow_id == Escrow.id, out.hold_no == Escrow.hold_no, out.is_disbursement)
    left = Escrow.status.in_((EscrowStatus.RELEASED, EscrowStatus.REFUNDED, EscrowStatus.SPLIT))
    rows = _named(select(Escrow.id, Escrow.ref, Escrow.status).outerjoin(out, mine), left & out.id.is_(None))
    for escrow, ref, status in session.execute(rows):
        yield phrase(
            "Escrow %(escrow)s (%(ref)s) is %(status)s, but no transfer let it go.",
            escrow=escrow,
            ref=ref,
            status=status,
        )
    rows = _named(select(Escrow.id, Escrow.ref, Escrow.status).join(out, mine), ~left)
    for escrow, ref, status in session.execute(rows):
        yield phrase(
            "Escrow %(escrow)s (%(ref)s) is %(status)s, but a transfer let it go.",
            escrow=escrow,
            ref=ref,
            status=status,
        )
    rows = _named(select(Escrow.id, Escrow.ref, out.amount).join(out, mine), out.amount != Escrow.amount)
    for escrow, ref, amount in session.execute(rows):
        yield phrase(
            "Escrow %(escrow)s (%(ref)s) was left by %(amount)s, which is not what was held.",
            escrow=escrow,
            ref=ref,
            amount=amount,
        )


def _holds_are_funded(session: Session) -> Iterator[str]:
    """Money that is held came in by a transfer of its own."""
    funded = exists().where(
        Transfer.escrow_id == Escrow.id,
        Transfer.kind.in_((TransferKind.HOLD, TransferKind.CREDIT, TransferKind.PENDING_EARNING)),
    )
    rows = _named(select(Escrow.id, Escrow.ref), and_(Escrow.status == EscrowStatus.HELD, ~funded))
    for escrow, ref in session.execute(rows):
        yield phrase("Escrow %(escrow)s (%(ref)s) is held, but no transfer put money there.", escrow=escrow, ref=ref)


def _named(query: Rows, where: ColumnElement[bool]) -> Rows:
    return query.where(where).limit(MOST_NAMED)


def _sum(column: Any) -> ColumnElement[int]:
    return func.sum(column).cast(BigInt)


_CHECKS: tuple[Check, ...] = (
    _currencies_sum_to_zero,
    _transfers_balance,
    _balances_are_their_entries,
    _accounts_keep_their_bounds,
    _pools_hold_what_is_held,
    _freezes_are_counted,
    _escrows_disburse_once,
    _holds_are_funded,
)
