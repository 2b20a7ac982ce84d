"""Finding by a part of a reference or a name, wherever it stands in it: among the newest rows, then by an index.

What stands in many rows stands in one of the newest, and is not looked for in all of them; what doesn't is rare enough
for an index of trigrams (`webapp.migrations.anywhere`). Without that the newest are all that is looked through.
"""

import re
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, column, func, literal_column, or_, select, table, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from webapp.migrations import anywhere
from webapp.models import Chargeback, Dispute, Escrow, Order, Party, Payment, Payout, PayoutSchedule, Tenant
from webapp.services.search.hits import EACH
from webapp.sql import Rows, is_sqlite, one_of

NEWEST = 1_000
SHORTEST = 3
"""Characters of a part that is looked for: fewer stand nearly everywhere."""
PATIENCE = 0.2
"""Seconds for the index of one table: a part of which each trigram is common, and not their sequence, may take long."""
_TRIGRAM = re.compile("[a-zA-Z0-9]{3}")
_MOST_TRIGRAMS = 24
_CHECKED_EACH = 1_000
"""Instructions of SQLite between two looks at the clock."""
_CANCELLED = "57014"


@dataclass(frozen=True)
class Sought:
    """Where parts are looked for: a table's columns; `shown` selects id, label and note of what a hit leads to."""

    kind: str
    permission: str
    model: Any
    columns: Sequence[Any]
    shown: Rows
    is_named: bool = False
    """Whether the label is a name, and the note its reference; else the note is a state."""

    def rows(self, session: Session, words: str, indexed: Collection[str]) -> Sequence[Any]:
        """Id, label and note of at most EACH rows that have these words in them."""
        ids = _among_newest(session, self, words)
        if len(ids) < EACH and self.model.__tablename__ in indexed:
            ids = list(dict.fromkeys([*ids, *_by_index(session, self, words)]))[:EACH]
        if not ids:
            return []
        return session.execute(self.shown.where(one_of(session, self.model.id, ids)).limit(EACH)).all()


def is_long_enough(words: str) -> bool:
    """Whether these words are looked for as a part."""
    return len(words) >= SHORTEST and _TRIGRAM.search(words) is not None


def indexed_tables(session: Session) -> set[str]:
    """The tables in all of whose rows parts are found."""
    return anywhere.indexed(session.connection())


def _among_newest(session: Session, sought: Sought, words: str) -> list[int]:
    newest = select(sought.model.id, *sought.columns).order_by(sought.model.id.desc()).limit(NEWEST).subquery()
    key, *columns = newest.c
    return list(session.scalars(select(key).where(_any_has(columns, words)).order_by(key.desc()).limit(EACH)))


def _by_index(session: Session, sought: Sought, words: str) -> list[int]:
    with _hurried(session) as in_time:
        return in_time(lambda: list(session.scalars(_of_index(session, sought, words).limit(EACH))))


def _of_index(session: Session, sought: Sought, words: str) -> Select[Any]:
    query = select(sought.model.id).where(_any_has(sought.columns, words))
    if not is_sqlite(session):
        return query
    name = anywhere.words_of(sought.model.__tablename__)
    known = table(name, column("rowid"))
    return (
        query.select_from(known)
        .join(sought.model, sought.model.id == known.c.rowid)
        .where(literal_column(name).op("MATCH")(_trigrams(words)))
        .order_by(known.c.rowid.desc())
    )


def _any_has(columns: Sequence[Any], words: str) -> ColumnElement[bool]:
    return or_(*[each.icontains(words, autoescape=True) for each in columns])


def _trigrams(words: str) -> str:
    """All of them, as FTS5 asks for rows that have each."""
    each = dict.fromkeys(words[at : at + 3] for at in range(len(words) - 2))
    quoted = ['"' + trigram.replace('"', '""') + '"' for trigram in list(each)[:_MOST_TRIGRAMS]]
    return " AND ".join(quoted)


@contextmanager
def _hurried(session: Session) -> Iterator[Callable[[Callable[[], list[int]]], list[int]]]:
    """A question that is given up, with nothing found, when it takes longer than PATIENCE."""
    if is_sqlite(session):
        driver: Any = session.connection().connection.driver_connection
        ends = time.monotonic() + PATIENCE
        driver.set_progress_handler(lambda: time.monotonic() > ends, _CHECKED_EACH)
        try:
            yield _unless_interrupted
        finally:
            driver.set_progress_handler(None, 0)
        return
    # What is set goes with the savepoint. Told that nearly all rows match, the planner reads the table for five.
    with session.connection().begin_nested() as savepoint:
        session.execute(text(f"SET LOCAL statement_timeout = {int(PATIENCE * 1000)}"))
        session.execute(text("SET LOCAL enable_seqscan = off"))
        yield _unless_interrupted
        savepoint.rollback()


def _unless_interrupted(ask: Callable[[], list[int]]) -> list[int]:
    try:
        return ask()
    except DBAPIError as problem:
        if getattr(problem.orig, "sqlstate", None) == _CANCELLED:
            return []
        if isinstance(problem, OperationalError) and "interrupted" in str(problem.orig):
            return []
        raise


def _referenced(kind: str, permission: str, model: Any, note: Any) -> Sought:
    return Sought(kind, permission, model, (model.ref,), select(model.id, model.ref, note))


def _named(kind: str, permission: str, model: Any) -> Sought:
    return Sought(kind, permission, model, (model.ref, model.name), select(model.id, model.name, model.ref), True)


_OF_ORDER = select(Escrow.id, Order.ref, Order.status).join(Escrow, Escrow.order_id == Order.id)
_ESCROW = select(Escrow.id, Escrow.ref, Escrow.status).join(Order, Escrow.order_id == Order.id)
WAYS = (
    Sought("escrow", "escrow:read", Order, (Order.ref,), _ESCROW),
    Sought("order", "order:read", Order, (Order.ref,), _OF_ORDER),
    _referenced("dispute", "dispute:read", Dispute, Dispute.status),
    _named("party", "party:read", Party),
    _named("tenant", "storefront:read", Tenant),
    Sought(
        "payment",
        "payment:read",
        Payment,
        (Payment.reference, Payment.provider_id),
        select(Payment.id, func.coalesce(Payment.reference, Payment.provider_id), Payment.status),
    ),
    Sought(
        "payment",
        "payment:read",
        Chargeback,
        (Chargeback.number,),
        select(Chargeback.payment_id, Chargeback.number, Chargeback.status).where(Chargeback.payment_id.is_not(None)),
    ),
    Sought(
        "payout",
        "payout:read",
        Payout,
        (Payout.ref, Payout.provider_id),
        select(Payout.id, Payout.ref, Payout.status),
    ),
    _referenced("payout_schedule", "payout:read", PayoutSchedule, PayoutSchedule.status),
)
