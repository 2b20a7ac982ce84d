"""What must be true of the books, as rules over some transfers, accounts or escrows: each is one statement.

Together they hold for the whole: transfers that sum to zero make currencies that do, and pools hold what is held when
each escrow's part of them is what the escrow says, and nothing else moves them.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from webapp.domain.numbers import counted as so_many
from webapp.domain.states import AccountKind, EscrowStatus, TransferKind
from webapp.domain.words import phrase
from webapp.models import Account, AccountCheckpoint, Entry, Escrow, Freeze, Transfer
from webapp.models.base import BigInt
from webapp.sql import Column, Rows, shared_alias

MOST_NAMED = 100
"""How many findings of one rule are named."""

Chosen = Callable[[Column], ColumnElement[bool]]
"""Which of the things are looked at: a condition on the column that has their ids."""
Named = Iterator[tuple[int, str]]
Rule = Callable[[Session, Chosen], Named]

_Out = shared_alias(Transfer)
_POOLS = Account.kind.in_((AccountKind.ESCROW, AccountKind.PENDING))
_LEFT = Escrow.status.in_((EscrowStatus.RELEASED, EscrowStatus.REFUNDED, EscrowStatus.SPLIT))


class BookFinding(NamedTuple):
    """What is wrong, by the rule and the id of the thing, in a sentence."""

    rule: str
    id: int
    sentence: str


def found(session: Session, rules: tuple[Rule, ...], chosen: Chosen) -> Iterator[BookFinding]:
    """What is wrong with the chosen things; at most 100 per rule."""
    for rule in rules:
        for number, sentence in rule(session, chosen):
            yield BookFinding(name_of(rule), number, sentence)


def name_of(rule: Rule) -> str:
    """What a rule is called."""
    return rule.__name__


def between(after: int, to: int) -> Chosen:
    """Ids above the first, up to the second."""
    return lambda column: and_(column > after, column <= to)


def transfers_balance(session: Session, chosen: Chosen) -> Named:
    """The entries of each transfer sum to zero per currency: also of one that is not there."""
    total = _sum(Entry.amount)
    sums = select(Entry.transfer_id, Entry.currency, total).where(chosen(Entry.transfer_id))
    off = sums.group_by(Entry.transfer_id, Entry.currency).having(total != 0)
    for transfer, currency, amount in session.execute(off.limit(MOST_NAMED)):
        yield (
            transfer,
            phrase(
                "Transfer %(transfer)s does not sum to zero: it is off by %(amount)s %(currency)s.",
                transfer=transfer,
                amount=amount,
                currency=currency,
            ),
        )


def transfers_have_entries(session: Session, chosen: Chosen) -> Named:
    """Each transfer has entries."""
    bare = ~exists().where(Entry.transfer_id == Transfer.id)
    rows = select(Transfer.id, Transfer.reference).where(chosen(Transfer.id), bare).limit(MOST_NAMED)
    for transfer, reference in session.execute(rows):
        yield (
            transfer,
            phrase("Transfer %(transfer)s (%(reference)s) has no entries.", transfer=transfer, reference=reference),
        )


def pools_move_for_escrows(session: Session, chosen: Chosen) -> Named:
    """What moves a pool of held money belongs to an escrow."""
    rows = (
        select(Transfer.id, Transfer.reference, Account.id, Account.currency)
        .join(Entry, Entry.transfer_id == Transfer.id)
        .join(Account, Account.id == Entry.account_id)
        .where(chosen(Transfer.id), Transfer.escrow_id.is_(None), _POOLS)
    )
    for transfer, reference, account, currency in session.execute(rows.limit(MOST_NAMED)):
        yield (
            transfer,
            phrase(
                "Transfer %(transfer)s (%(reference)s) moves pool %(account)s (%(currency)s), but for no escrow.",
                transfer=transfer,
                reference=reference,
                account=account,
                currency=currency,
            ),
        )


def balances_are_their_entries(session: Session, chosen: Chosen) -> Named:
    """Each account's balance is the sum of its entries: the checkpoint's, and of those that came since."""
    since = (
        select(_sum(Entry.amount))
        .where(Entry.account_id == Account.id, Entry.id > func.coalesce(AccountCheckpoint.entry_id, 0))
        .correlate(Account, AccountCheckpoint)
    )
    total = (func.coalesce(AccountCheckpoint.balance, 0) + func.coalesce(since.scalar_subquery(), 0)).label("total")
    rows = select(Account.id, Account.kind, Account.balance, total).outerjoin(
        AccountCheckpoint, AccountCheckpoint.account_id == Account.id
    )
    yield from _off(session, rows.where(chosen(Account.id)).subquery())


def balances_are_all_entries(session: Session, chosen: Chosen) -> Named:
    """The same by every entry, whatever a checkpoint says."""
    total = func.coalesce(_sum(Entry.amount), 0).label("total")
    rows = select(Account.id, Account.kind, Account.balance, total).outerjoin(Entry, Entry.account_id == Account.id)
    grouped = rows.where(chosen(Account.id)).group_by(Account.id, Account.kind, Account.balance)
    yield from _off(session, grouped.subquery())


def _off(session: Session, rows: Any) -> Named:
    for account, kind, balance, total in session.execute(
        select(rows).where(rows.c.balance != rows.c.total).limit(MOST_NAMED)
    ):
        yield account, off(account, kind, balance, total)


def off(account: int, kind: str, balance: int, summed: int) -> str:
    """An account's balance is not the sum of its entries."""
    return phrase(
        "Account %(account)s (%(kind)s) says %(balance)s, but its entries sum to %(summed)s.",
        account=account,
        kind=kind,
        balance=balance,
        summed=summed,
    )


def checkpoints_are_their_entries(session: Session, chosen: Chosen) -> Named:
    """What an account's old entries summed to is what they sum to now."""
    point = AccountCheckpoint
    total = func.coalesce(_sum(Entry.amount), 0)
    rows = (
        select(point.account_id, point.entry_id, point.balance, total)
        .outerjoin(Entry, and_(Entry.account_id == point.account_id, Entry.id <= point.entry_id))
        .where(chosen(point.account_id))
        .group_by(point.account_id, point.entry_id, point.balance)
        .having(point.balance != total)
    )
    for account, entry, balance, summed in session.execute(rows.limit(MOST_NAMED)):
        yield account, changed(account, entry, balance, summed)


def changed(account: int, entry: int, balance: int, summed: int) -> str:
    """What was checked before is not as it was then."""
    return phrase(
        "Account %(account)s: the entries up to %(entry)s summed to %(balance)s and now sum to %(summed)s: "
        "some were changed, added or removed.",
        account=account,
        entry=entry,
        balance=balance,
        summed=summed,
    )


def accounts_keep_their_bounds(session: Session, chosen: Chosen) -> Named:
    """No balance is below its floor or above its ceiling."""
    beyond = or_(Account.balance < Account.floor, Account.balance > Account.ceiling)
    rows = select(Account.id, Account.kind, Account.balance).where(chosen(Account.id), beyond)
    for account, kind, balance in session.execute(rows.limit(MOST_NAMED)):
        yield (
            account,
            phrase(
                "Account %(account)s (%(kind)s) is beyond its bound: %(balance)s.",
                account=account,
                kind=kind,
                balance=balance,
            ),
        )


def pools_hold_what_is_held(session: Session, chosen: Chosen) -> Named:
    """What the transfers of an escrow left in a pool is what it says is held there."""
    moved = (
        select(Transfer.escrow_id.label("escrow"), Entry.account_id.label("account"), Entry.amount.label("there"))
        .add_columns(literal(0, BigInt).label("due"))
        .join(Entry, Entry.transfer_id == Transfer.id)
        .join(Account, Account.id == Entry.account_id)
        .where(chosen(Transfer.escrow_id), _POOLS)
    )
    held = select(Escrow.id, Escrow.held_account_id, literal(0, BigInt), Escrow.amount)
    sides = union_all(moved, held.where(chosen(Escrow.id), Escrow.status == EscrowStatus.HELD)).subquery()
    there, due = _sum(sides.c.there), _sum(sides.c.due)
    sums = select(sides.c.escrow, sides.c.account, there.label("there"), due.label("due"))
    wrong = sums.group_by(sides.c.escrow, sides.c.account).having(there != due).limit(MOST_NAMED).subquery()
    named = select(wrong, Escrow.ref).outerjoin(Escrow, Escrow.id == wrong.c.escrow)
    for escrow, account, holds, held_sum, ref in session.execute(named):
        yield (
            escrow,
            phrase(
                "Pool %(account)s holds %(balance)s for escrow %(escrow)s (%(ref)s), but %(summed)s is held.",
                account=account or "-",
                balance=holds,
                escrow=escrow,
                ref=ref or "-",
                summed=held_sum,
            ),
        )


def freezes_are_counted(session: Session, chosen: Chosen) -> Named:
    """Each escrow says how many freezes of it are open."""
    counted = (
        select(Freeze.escrow_id, func.count().label("number"))
        .where(chosen(Freeze.escrow_id), Freeze.lifted_at.is_(None))
        .group_by(Freeze.escrow_id)
    ).subquery()
    number = func.coalesce(counted.c.number, 0)
    rows = select(Escrow.id, Escrow.ref, Escrow.freezes, number).outerjoin(counted, counted.c.escrow_id == Escrow.id)
    for escrow, ref, count, there in session.execute(
        rows.where(chosen(Escrow.id), Escrow.freezes != number).limit(MOST_NAMED)
    ):
        yield (
            escrow,
            phrase(
                "Escrow %(escrow)s (%(ref)s) says it has %(so_many)s, but %(found)s are open.",
                escrow=escrow,
                ref=ref,
                so_many=so_many(count, "freeze"),
                found=there,
            ),
        )


def escrows_disburse_once(session: Session, chosen: Chosen) -> Named:
    """One disbursement for the present hold of each closed escrow; none for one that is held."""
    mine = and_(_Out.escrow_id == Escrow.id, _Out.hold_no == Escrow.hold_no, _Out.is_disbursement)
    rows = select(Escrow.id, Escrow.ref, Escrow.status).outerjoin(_Out, mine).where(chosen(Escrow.id))
    for escrow, ref, status in session.execute(rows.where(_LEFT, _Out.id.is_(None)).limit(MOST_NAMED)):
        yield (
            escrow,
            phrase(
                "Escrow %(escrow)s (%(ref)s) is %(status)s, but no transfer let it go.",
                escrow=escrow,
                ref=ref,
                status=status,
            ),
        )
    rows = select(Escrow.id, Escrow.ref, Escrow.status).join(_Out, mine).where(chosen(Escrow.id))
    for escrow, ref, status in session.execute(rows.where(~_LEFT).limit(MOST_NAMED)):
        yield (
            escrow,
            phrase(
                "Escrow %(escrow)s (%(ref)s) is %(status)s, but a transfer let it go.",
                escrow=escrow,
                ref=ref,
                status=status,
            ),
        )
    amounts: Rows = select(Escrow.id, Escrow.ref, _Out.amount).join(_Out, mine).where(chosen(Escrow.id))
    for escrow, ref, amount in session.execute(amounts.where(_Out.amount != Escrow.amount).limit(MOST_NAMED)):
        yield (
            escrow,
            phrase(
                "Escrow %(escrow)s (%(ref)s) was left by %(amount)s, which is not what was held.",
                escrow=escrow,
                ref=ref,
                amount=amount,
            ),
        )


def holds_are_funded(session: Session, chosen: Chosen) -> Named:
    """Money that is held came in by a transfer of its own."""
    funded = exists().where(
        Transfer.escrow_id == Escrow.id,
        Transfer.kind.in_((TransferKind.HOLD, TransferKind.CREDIT, TransferKind.PENDING_EARNING)),
    )
    rows = select(Escrow.id, Escrow.ref).where(chosen(Escrow.id), Escrow.status == EscrowStatus.HELD, ~funded)
    for escrow, ref in session.execute(rows.limit(MOST_NAMED)):
        yield (
            escrow,
            phrase("Escrow %(escrow)s (%(ref)s) is held, but no transfer put money there.", escrow=escrow, ref=ref),
        )


def _sum(column: Any) -> ColumnElement[int]:
    return func.sum(column).cast(BigInt)


OF_TRANSFERS: tuple[Rule, ...] = (
    transfers_balance,
    transfers_have_entries,
    pools_move_for_escrows,
)
OF_ACCOUNTS: tuple[Rule, ...] = (accounts_keep_their_bounds,)
OF_ESCROWS: tuple[Rule, ...] = (
    pools_hold_what_is_held,
    freezes_are_counted,
    escrows_disburse_once,
    holds_are_funded,
)
SUMMED = (balances_are_their_entries, balances_are_all_entries, checkpoints_are_their_entries)
"""Rules of accounts that take every entry of one: an account that one of them named is summed again in slices."""
