"""Finding by a part of a reference or a name, wherever it stands in it: among the newest rows, then by an index.

What stands in many rows stands in one of the newest, and is not looked for in all of them; what doesn't is rare enough
for an index of trigrams (`webapp.migrations.anywhere`). Without that the newest are all that is looked through.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    column,
    func,
    literal_column,
    or_,
    select,
    table,
    text,
    union_all,
)
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from webapp.migrations import anywhere
from webapp.models import Chargeback, Dispute, Escrow, Order, Party, Payment, Payout, PayoutSchedule, Tenant
from webapp.services.search.hits import EACH
from webapp.sql import Rows, is_sqlite, one_of

NEWEST = 1_000
SHORTEST = 3
"""Characters of a part that is looked for: fewer stand nearly everywhere."""
PATIENCE = 0.1
"""Seconds for the indexes: a part of which each trigram is common, and not their sequence, may take long."""
_TRIGRAM = re.compile("[a-zA-Z0-9]{3}")
_MOST_TRIGRAMS = 24
_CHECKED_EACH = 1_000
"""Instructions of SQLite between two looks at the clock."""
_CANCELLED = "57014"
_HURRY = text("SELECT set_config('statement_timeout', :milliseconds, true), set_config('enable_seqscan', 'off', true)")
Answer = TypeVar("Answer")


@dataclass(frozen=True, eq=False)
class Sought:
    """Where parts are looked for: a table's columns; `shown` selects id, label and note of what a hit leads to."""

    kind: str
    permission: str
    model: Any
    columns: Sequence[Any]
    shown: Rows
    is_named: bool = False
    """Whether the label is a name, and the note its reference; else the note is a state."""


@dataclass(frozen=True, slots=True)
class PartlyMatching:
    """What a hit shows, and of which kind it is."""

    sought: Sought
    id: int
    label: str
    note: str


def find(session: Session, ways: Sequence[Sought], words: str) -> Iterator[PartlyMatching]:
    """What has these words in it, at most EACH by each way: the newest of all, then what the indexes have."""
    if not ways:
        return
    asked = {"pattern": f"%{_escaped(words)}%", "trigrams": _trigrams(words)}
    known = anywhere.indexed(session.connection())
    ids = _ids(session, _statement(tuple(ways), False, is_sqlite(session)), asked)
    rarer = [each for each in ways if len(ids[each]) < EACH and each.model.__tablename__ in known]
    for way, some in _of_indexes(session, rarer, asked).items():
        ids[way] = list(dict.fromkeys([*ids[way], *some]))[:EACH]
    for way in ways:
        if ids[way]:
            rows = session.execute(way.shown.where(one_of(session, way.model.id, ids[way])).limit(EACH))
            yield from (PartlyMatching(way, *row) for row in rows)


def is_long_enough(words: str) -> bool:
    """Whether these words are looked for as a part."""
    return len(words) >= SHORTEST and _TRIGRAM.search(words) is not None


def _escaped(words: str) -> str:
    return words.replace("/", "//").replace("%", "/%").replace("_", "/_")


_Ids = dict[Sought, list[int]]


def _of_indexes(session: Session, ways: Sequence[Sought], asked: Mapping[str, str]) -> _Ids:
    """All of them at once; each by itself where that takes long, so that one of them costs only its own hits."""
    if not ways:
        return {}
    together = _asked_in_time(session, ways, asked, PATIENCE)
    if together is not None:
        return together
    each_by_itself = [_asked_in_time(session, [way], asked, PATIENCE / 4) or {} for way in ways]
    return {way: ids for some in each_by_itself for way, ids in some.items()}


def _asked_in_time(session: Session, ways: Sequence[Sought], asked: Mapping[str, str], seconds: float) -> _Ids | None:
    statement = _statement(tuple(ways), True, is_sqlite(session))
    with _hurried(session, seconds) as in_time:
        return in_time(lambda: _ids(session, statement, asked))


def _ids(session: Session, statement: "Statement", asked: Mapping[str, str]) -> _Ids:
    found: _Ids = {way: [] for way in statement.ways}
    for place, number in session.execute(statement.query, asked):
        found[statement.ways[place]].append(number)
    return found


@dataclass(frozen=True)
class Statement:
    """One that asks several tables at once: each row is the place of a way, and an id."""

    ways: Sequence[Sought]
    query: Any


@lru_cache(maxsize=256)
def _statement(ways: tuple[Sought, ...], by_index: bool, on_sqlite: bool) -> Statement:
    """Built once: `pattern` and `trigrams` are its parameters."""
    parts = []
    for place, way in enumerate(ways):
        some = (_of_index(way, on_sqlite) if by_index else _among_newest(way)).limit(EACH).subquery()
        parts.append(select(literal_column(str(place)).label("place"), some.c.id))
    return Statement(ways, union_all(*parts))


def _among_newest(sought: Sought) -> Select[Any]:
    newest = select(sought.model.id, *sought.columns).order_by(sought.model.id.desc()).limit(NEWEST).subquery()
    key, *columns = newest.c
    return select(key.label("id")).where(_any_has(columns)).order_by(key.desc())


def _of_index(sought: Sought, on_sqlite: bool) -> Select[Any]:
    # A column that is not in the index would be read in every row.
    columns = [each for each in sought.columns if each.key in anywhere.SOUGHT[sought.model.__tablename__]]
    query: Select[Any] = select(sought.model.id).where(_any_has(columns))
    if not on_sqlite:
        return query
    name = anywhere.words_of(sought.model.__tablename__)
    known = table(name, column("rowid"))
    return (
        query.select_from(known)
        .join(sought.model, sought.model.id == known.c.rowid)
        .where(literal_column(name).op("MATCH")(bindparam("trigrams")))
        .order_by(known.c.rowid.desc())
    )


def _any_has(columns: Sequence[Any]) -> ColumnElement[bool]:
    return or_(*[each.ilike(bindparam("pattern"), escape="/") for each in columns])


def _trigrams(words: str) -> str:
    """All of them, as FTS5 asks for rows that have each."""
    each = dict.fromkeys(words[at : at + 3] for at in range(len(words) - 2))
    quoted = ['"' + trigram.replace('"', '""') + '"' for trigram in list(each)[:_MOST_TRIGRAMS]]
    return " AND ".join(quoted)


@contextmanager
def _hurried(session: Session, seconds: float) -> Iterator[Callable[[Callable[[], Answer]], Answer | None]]:
    """A question that is given up, without an answer, when it takes longer."""
    if is_sqlite(session):
        driver: Any = session.connection().connection.driver_connection
        ends = time.monotonic() + seconds
        driver.set_progress_handler(lambda: time.monotonic() > ends, _CHECKED_EACH)
        try:
            yield _unless_interrupted
        finally:
            driver.set_progress_handler(None, 0)
        return
    # What is set goes with the savepoint. Told that nearly all rows match, the planner reads the table for five.
    with session.connection().begin_nested() as savepoint:
        session.execute(_HURRY, {"milliseconds": str(int(seconds * 1000))})
        yield _unless_interrupted
        savepoint.rollback()


def _unless_interrupted(ask: Callable[[], Answer]) -> Answer | None:
    try:
        return ask()
    except DBAPIError as problem:
        if getattr(problem.orig, "sqlstate", None) == _CANCELLED:
            return None
        if isinstance(problem, OperationalError) and "interrupted" in str(problem.orig):
            return None
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
