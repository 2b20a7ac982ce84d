"""Looking at the next slice of the books. No slice takes more statements, or more rows, than another.

Entries and transfers are never changed, so that what one slice found whole stays so, and slices may be read in sessions
of their own; balances and escrows are looked at again whenever something moves them.
"""

from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.models import Account, AccountCheckpoint, Audit, Entry, Escrow, Transfer
from webapp.services.ledger import account_checkpoints
from webapp.services.ledger import integrity_rules as rules
from webapp.services.ledger.account_checkpoints import Sum
from webapp.services.ledger.integrity_rules import BookFinding, Rule, between, found, name_of
from webapp.services.ledger.integrity_walk import (
    ACCOUNTS,
    BALANCES,
    ENTRIES,
    ESCROWS,
    RECORDS,
    TRANSFERS,
    BooksWalk,
    Round,
    Span,
    begin,
)
from webapp.sql import Column, Rows, one_of

MOST_ENTRIES, MOST_ROWS = 20_000, 5_000
"""What one slice looks at, at most: entries or records; and transfers, accounts or escrows."""
_OF_NEW_BALANCES = (rules.balances_are_their_entries, *rules.OF_ACCOUNTS)
_OF_NEW_TRANSFERS = (rules.transfers_have_entries, rules.pools_move_for_escrows)
_OF_OLD_ACCOUNTS = (rules.balances_are_all_entries, rules.checkpoints_are_their_entries, *rules.OF_ACCOUNTS)
_SUMMED = {name_of(each) for each in (rules.balances_are_their_entries, *_OF_OLD_ACCOUNTS)} - {
    name_of(each) for each in rules.OF_ACCOUNTS
}
"""Rules of accounts that take every entry of one: an account that one of them named is summed again in slices."""
_AGAIN = {name_of(each): each for each in (*rules.OF_TRANSFERS, *rules.OF_ACCOUNTS, *rules.OF_ESCROWS)}


def verify(session: Session, at: datetime) -> BooksWalk:
    """Look at everything in one session, and change nothing."""
    walk = begin(session, None, at)
    while not walk.is_over:
        step(session, walk)
    return walk


def step(session: Session, walk: BooksWalk) -> None:
    """Look at the next slice. What it leaves to be written is in `walk.checkpoint`."""
    walk.checkpoint = None
    if walk.again:
        _look_again(session, walk)
    elif walk.new[ENTRIES].left:
        _new_entries(session, walk, walk.new[ENTRIES])
    elif walk.new[BALANCES].left:
        _new_balances(session, walk, walk.new[BALANCES])
    elif walk.new[TRANSFERS].left:
        _new_transfers(session, walk, walk.new[TRANSFERS])
    elif walk.new[RECORDS].left:
        _new_records(session, walk, walk.new[RECORDS])
    else:
        _go_round(session, walk, walk.round)


def _look_again(session: Session, walk: BooksWalk) -> None:
    """Everything that was found and is found at once; then an account that is to be summed again, slice by slice."""
    for name in {each.rule for each in walk.again} - _SUMMED:
        ids = [each.id for each in walk.again if each.rule == name]
        _add(session, walk, (_AGAIN[name],) if name in _AGAIN else (), ids)
    walk.again = [each for each in walk.again if each.rule in _SUMMED]
    if walk.again:
        account = walk.again[0].id
        summing = walk.summing or _sum_of(session, account, walk.new[ENTRIES].after)
        walk.summing = _summed_on(session, walk, summing)
        if walk.summing is None:
            walk.again = [each for each in walk.again if each.id != account]


def _new_entries(session: Session, walk: BooksWalk, span: Span) -> None:
    after, to = span.after, _end(session, Entry.id, span, MOST_ENTRIES)
    mine = between(after, to)(Entry.id)
    _add(session, walk, (rules.transfers_balance,), _ids(session, select(Entry.transfer_id).where(mine)))
    walk.checkpoint = partial(account_checkpoints.advance, after=after, to=to)
    span.after = to


def _new_balances(session: Session, walk: BooksWalk, span: Span) -> None:
    to = _end(session, Entry.id, span, MOST_ENTRIES)
    moved = select(Entry.account_id).where(between(span.after, to)(Entry.id))
    _add(session, walk, _OF_NEW_BALANCES, _ids(session, moved))
    span.after = to


def _new_transfers(session: Session, walk: BooksWalk, span: Span) -> None:
    to = _end(session, Transfer.id, span, MOST_ROWS)
    mine = between(span.after, to)
    walk.add(found(session, _OF_NEW_TRANSFERS, mine))
    escrows = select(Transfer.escrow_id).where(mine(Transfer.id), Transfer.escrow_id.is_not(None))
    _add(session, walk, rules.OF_ESCROWS, _ids(session, escrows))
    span.after = to


def _new_records(session: Session, walk: BooksWalk, span: Span) -> None:
    """Whatever changes an escrow writes a record of it: also where no money moves."""
    to = _end(session, Audit.id, span, MOST_ROWS)
    changed = select(Audit.subject_id).where(between(span.after, to)(Audit.id), Audit.subject_kind == "escrow")
    _add(session, walk, rules.OF_ESCROWS, _ids(session, changed))
    span.after = to


def _go_round(session: Session, walk: BooksWalk, one: Round) -> None:
    transfers, escrows = one.spans[TRANSFERS], one.spans[ESCROWS]
    if transfers.left:
        to = _end(session, Transfer.id, transfers, MOST_ROWS)
        walk.add(found(session, rules.OF_TRANSFERS, between(transfers.after, to)))
        transfers.after = to
    elif one.summing is not None:
        _sum_one(session, walk, one, one.summing)
    elif one.spans[ACCOUNTS].left:
        _accounts(session, walk, one, one.spans[ACCOUNTS])
    else:
        to = _end(session, Escrow.id, escrows, MOST_ROWS)
        walk.add(found(session, rules.OF_ESCROWS, between(escrows.after, to)))
        escrows.after = to


def _accounts(session: Session, walk: BooksWalk, one: Round, span: Span) -> None:
    """Accounts with as many entries together as a slice may have; one that has more by itself in slices of its own."""
    mine = between(span.after, span.to)(Entry.account_id)
    few = select(Entry.account_id).where(mine).order_by(Entry.account_id, Entry.id).limit(MOST_ENTRIES).subquery()
    count, last = session.execute(select(func.count(), func.max(few.c.account_id))).one()
    to = _end(session, Account.id, span, MOST_ROWS)
    if count == MOST_ENTRIES and last <= to:
        to = last - 1
    if to > span.after:
        walk.add(found(session, _OF_OLD_ACCOUNTS, between(span.after, to)))
        if one.makes_checkpoints:
            walk.checkpoint = partial(account_checkpoints.make, after=span.after, to=to, entries=one.entries)
        one.summed += session.scalars(
            select(func.count()).where(between(span.after, to)(few.c.account_id)).select_from(few)
        ).one()
        span.after = to
    else:
        _sum_one(session, walk, one, _sum_of(session, last, one.entries))


def _sum_one(session: Session, walk: BooksWalk, one: Round, summing: Sum) -> None:
    one.summing = _summed_on(session, walk, summing)
    one.summed += MOST_ENTRIES
    if one.summing is None:
        _add(session, walk, rules.OF_ACCOUNTS, [summing.account])
        one.spans[ACCOUNTS].after = summing.account
        if one.makes_checkpoints:
            walk.checkpoint = partial(account_checkpoints.make_one, made=summing)


def _sum_of(session: Session, account: int, entries: int) -> Sum:
    """To be summed: up to the account's checkpoint, or where it has none, up to this entry."""
    point = AccountCheckpoint
    known = session.execute(select(point.entry_id, point.balance).where(point.account_id == account)).one_or_none()
    return Sum(account, entries, None) if known is None else Sum(account, known.entry_id, known.balance)


def _summed_on(session: Session, walk: BooksWalk, summing: Sum) -> Sum | None:
    """The sum with the next slice of its entries; None when that was the last one, and it was held against the rest."""
    mine = (Entry.account_id == summing.account, Entry.id > summing.after, Entry.id <= summing.to)
    few = select(Entry.id, Entry.amount).where(*mine).order_by(Entry.id).limit(MOST_ENTRIES).subquery()
    count, last, total = session.execute(select(func.count(), func.max(few.c.id), func.sum(few.c.amount))).one()
    summing.total += int(total or 0)
    if count == MOST_ENTRIES:
        summing.after = last
        return summing
    walk.add(_ends(session, summing))
    return None


def _ends(session: Session, summing: Sum) -> list[BookFinding]:
    account = session.execute(select(Account.kind, Account.balance).where(Account.id == summing.account)).one_or_none()
    if account is None:
        return []
    wrong = []
    if summing.expected is not None and summing.expected != summing.total:
        sentence = rules.changed(summing.account, summing.to, summing.expected, summing.total)
        wrong.append(BookFinding(name_of(rules.checkpoints_are_their_entries), summing.account, sentence))
    since = select(func.sum(Entry.amount)).where(Entry.account_id == summing.account, Entry.id > summing.to)
    total = summing.total + int(session.scalars(since).one() or 0)
    if account.balance != total:
        sentence = rules.off(summing.account, account.kind, account.balance, total)
        wrong.append(BookFinding(name_of(rules.balances_are_all_entries), summing.account, sentence))
    return wrong


def _add(session: Session, walk: BooksWalk, some: tuple[Rule, ...], ids: list[int]) -> None:
    if ids:
        walk.add(found(session, some, partial(one_of, session, ids=ids)))


def _ids(session: Session, rows: Rows) -> list[int]:
    return list(session.scalars(rows.distinct()))


def _end(session: Session, column: Column, span: Span, most: int) -> int:
    """Where the next slice of so many rows ends."""
    few: Any = select(column.label("id")).where(between(span.after, span.to)(column)).order_by(column).limit(most)
    rows = few.subquery()
    count, last = session.execute(select(func.count(), func.max(rows.c.id))).one()
    return int(last) if count == most else span.to
