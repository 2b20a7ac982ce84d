"""The few places where SQLite and PostgreSQL say the same thing differently, and the rule of locking."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Date,
    DateTime,
    ScalarSelect,
    Select,
    String,
    TableValuedAlias,
    bindparam,
    cast,
    column,
    func,
    inspect,
    literal,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session, aliased
from sqlalchemy.sql.functions import FunctionElement

Model = TypeVar("Model", bound=DeclarativeBase)
Column = Any
Rows = Select[*tuple[Any, ...]]
"""A SELECT of any columns."""

_NOW = select(func.clock_timestamp(type_=DateTime(timezone=True)))


def is_sqlite(session: Session) -> bool:
    """Whether this session speaks to SQLite."""
    return session.get_bind().dialect.name == "sqlite"


def database_now(session: Session) -> datetime:
    """What time the database says it is, in UTC: all processes share it, and what is due is judged by it."""
    now: datetime = session.scalars(_NOW).one()
    return now.replace(tzinfo=UTC) if now.tzinfo is None else now.astimezone(UTC)


def shared_alias(model: type[Model], name: str | None = None) -> type[Model]:
    """An alias for a module's own name, which threads share.

    SQLAlchemy 2.1 fills the index by which an alias finds its columns when it is first asked for one. A thread that
    asks meanwhile may not find its column, is given the table's own, and the alias keeps that: its statements are wrong
    from then on, until the process ends. So the index is filled here, while the module is imported.
    """
    made = aliased(model, name=name)
    table: Any = inspect(model).local_table
    inspect(made).selectable.corresponding_column(next(iter(table.c)))
    return made


def one_of(session: Session, column: Column, ids: Sequence[int] | Sequence[str]) -> ColumnElement[bool]:
    """`column IN ids` with one bind for any number of ids, or of texts."""
    if is_sqlite(session):
        values = func.json_each(json.dumps(list(ids))).table_valued("value")
        return column.in_(select(values.c.value))  # type: ignore[no-any-return]
    kind = String() if isinstance(column.type, String) else BigInteger()
    return column == func.any(bindparam(None, list(ids), type_=ARRAY(kind)))  # type: ignore[no-any-return]


def one_of_asked(on_sqlite: bool, column: Column, name: str) -> ColumnElement[bool]:
    """The same for a statement that is built once: `ids_asked` says what the parameter of this name is given."""
    if on_sqlite:
        values = func.json_each(bindparam(name, type_=String())).table_valued("value")
        return column.in_(select(values.c.value))  # type: ignore[no-any-return]
    return column == func.any(bindparam(name, type_=ARRAY(BigInteger())))  # type: ignore[no-any-return]


def ids_asked(on_sqlite: bool, ids: Sequence[int]) -> str | list[int]:
    """What the parameter of `one_of_asked` is given for these ids."""
    return json.dumps(list(ids)) if on_sqlite else list(ids)


def begins(column: Column, words: str) -> ColumnElement[bool]:
    """The column begins with these words, letter for letter: a range of its index on both databases."""
    return (column >= words) & (column < words + "\U0010ffff")  # type: ignore[no-any-return]


def begins_as_text(session: Session, column: Column, words: str) -> ColumnElement[bool]:
    """The same for a column that PostgreSQL compares by the rules of a language: its index has `text_pattern_ops`."""
    if is_sqlite(session):
        return begins(column, words)
    return column.startswith(words, autoescape=True)  # type: ignore[no-any-return]


def lock(session: Session, model: type[DeclarativeBase], ids: Sequence[int] | ScalarSelect[Any]) -> None:
    """Take the rows' locks in the order of their ids. `ids` may be a SELECT of what never changes.

    Look at the rows in a second statement, after this one: a condition in this one may be older than the lock.
    SQLite needs none: its one writer is this transaction from its beginning.
    """
    if is_sqlite(session):
        return
    key = model.__table__.c.id
    chosen = key.in_(ids) if isinstance(ids, ScalarSelect) else one_of(session, key, ids)
    session.execute(select(key).where(chosen).order_by(key).with_for_update(key_share=True))


def lock_found(
    session: Session, model: type[DeclarativeBase], ids: Sequence[int], *, skip_locked: bool = False
) -> list[int]:
    """The same, and which of the rows are there; with `skip_locked` without those that another has locked."""
    key = model.__table__.c.id
    rows = select(key).where(one_of(session, key, ids)).order_by(key)
    return list(session.scalars(rows.with_for_update(key_share=True, skip_locked=skip_locked)))


def insert_new(session: Session, model: type[DeclarativeBase]) -> Any:
    """An INSERT of the session's dialect, which knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    insert = sqlite.insert if is_sqlite(session) else postgresql.insert
    return insert(model.__table__)  # type: ignore[arg-type]


def insert_rows(
    session: Session, model: type[DeclarativeBase], columns: Mapping[str, Column], *where: Column, rows: Any = None
) -> int:
    """INSERT … SELECT: a row for each row of what the columns are selected from; plain values repeat on each.

    `rows` names what is selected from, when joins have to be said. Returns how many were written.
    """
    table: Any = model.__table__
    chosen = select(*labelled(model, columns)).where(*where)
    found = chosen if rows is None else chosen.select_from(rows)
    insert = table.insert().from_select(list(columns), found)
    written: Any = session.execute(insert, execution_options={"preserve_rowcount": True})
    return int(written.rowcount)


def labelled(model: type[DeclarativeBase], columns: Mapping[str, Column]) -> list[Column]:
    """The columns under their names; plain values become literals of the type they have in the model."""
    table: Any = model.__table__
    return [_expression(value, table.c, name).label(name) for name, value in columns.items()]


def given_rows(session: Session, model: type[DeclarativeBase], rows: Sequence[Mapping[str, Any]]) -> dict[str, Column]:
    """Rows of values as columns that a SELECT reads, by one bind for any number of rows.

    They are named, and typed, as the columns of the model. All rows name the same columns.
    """
    table: Any = model.__table__
    names = list(rows[0])
    text = json.dumps([[_plain(row[name], is_sqlite(session)) for name in names] for row in rows])
    if is_sqlite(session):
        each = func.json_each(text).table_valued("value", name="given")
        return {
            name: func.json_extract(each.c.value, f"$[{place}]", type_=table.c[name].type)
            for place, name in enumerate(names)
        }
    each = func.jsonb_array_elements(cast(literal(text, String()), postgresql.JSONB)).table_valued(
        column("value", postgresql.JSONB)
    )
    lines = each.render_derived(name="given")
    return {
        name: lines.c.value.op("->>")(literal_column(str(place), BigInteger)).cast(table.c[name].type)
        for place, name in enumerate(names)
    }


def _plain(value: Any, on_sqlite: bool) -> Any:
    """A value as JSON has it; an instant as the text that the database reads as one."""
    if not isinstance(value, datetime):
        return value
    at = value.astimezone(UTC)
    return f"{at:%Y-%m-%d %H:%M:%S.%f}" if on_sqlite else at.isoformat()


class days_after(FunctionElement[datetime]):
    """`days_after(instant, days)`: the instant so many times 24 hours later, to the microsecond."""

    inherit_cache = True
    type = DateTime(timezone=True)


@compiles(days_after, "postgresql")
def _days_after_on_postgresql(element: Any, compiler: Any, **how: Any) -> str:
    instant, days = (compiler.process(each, **how) for each in element.clauses)
    # Hours, since a day of PostgreSQL's is one of the session's zone.
    return f"({instant} + make_interval(hours => (24 * ({days}))::int))"


@compiles(days_after, "sqlite")
def _days_after_on_sqlite(element: Any, compiler: Any, **how: Any) -> str:
    instant, days = (compiler.process(each, **how) for each in element.clauses)
    # In whole seconds, for SQLite rounds the others; what stands behind them stays.
    return f"(strftime('%Y-%m-%d %H:%M:%S', substr({instant}, 1, 19), ({days}) || ' days') || substr({instant}, 20))"


def json_text(on_sqlite: bool, pairs: Mapping[str, Column]) -> ColumnElement[str]:
    """A JSON object as text, built by the database."""
    build = func.json_object if on_sqlite else func.json_build_object
    parts: list[Column] = []
    for name, value in pairs.items():
        parts += [literal_column(_quoted(name)), value]
    made = build(*parts)
    return made if on_sqlite else made.cast(postgresql.TEXT)


def json_asked(on_sqlite: bool, name: str) -> ColumnElement[Any]:
    """A value as a part of `json_text`: the parameter of this name is given its JSON."""
    text = bindparam(name, type_=String())
    return func.json(text) if on_sqlite else cast(text, postgresql.JSON)


def json_elements(on_sqlite: bool, name: str) -> TableValuedAlias:
    """The elements of a JSON array, a row each: the parameter of this name is given its text."""
    text = bindparam(name, type_=String())
    if on_sqlite:
        return func.json_each(text).table_valued("value", name="given")
    return func.jsonb_array_elements(cast(text, postgresql.JSONB)).table_valued("value", name="given")


def json_number(on_sqlite: bool, elements: TableValuedAlias, name: str) -> ColumnElement[int]:
    """A whole number out of each of the elements."""
    if on_sqlite:
        return func.json_extract(elements.c.value, f"$.{name}")
    return cast(cast(elements.c.value, postgresql.JSONB)[name].astext, BigInteger)


def json_within(on_sqlite: bool, elements: TableValuedAlias, *path: str) -> ColumnElement[Any]:
    """A value out of each of the elements, as a part of `json_text`: it is there as JSON in a text.

    SQLite before 3.38 can't take a value out of JSON as JSON: true would be 1.
    """
    if on_sqlite:
        return func.json(func.json_extract(elements.c.value, ".".join(("$", *path))))
    return cast(cast(elements.c.value, postgresql.JSONB)[path].astext, postgresql.JSON)


def iso_text(on_sqlite: bool, instant: Column) -> ColumnElement[str]:
    """An instant as RFC 3339 in UTC, to the millisecond."""
    if on_sqlite:
        return func.strftime("%Y-%m-%dT%H:%M:%fZ", instant)
    return func.to_char(func.timezone("UTC", instant), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')


class DayBefore(FunctionElement[date]):
    """The day before the one in a column of days."""

    name, type, inherit_cache = "day_before", Date(), True


@compiles(DayBefore)
def _day_before(element: Any, compiler: Any, **how: Any) -> str:
    return f"({compiler.process(element.clauses, **how)} - 1)"


@compiles(DayBefore, "sqlite")
def _day_before_on_sqlite(element: Any, compiler: Any, **how: Any) -> str:
    return f"date({compiler.process(element.clauses, **how)}, '-1 day')"


def epoch_seconds(on_sqlite: bool, instant: Column) -> ColumnElement[int]:
    """Whole seconds since 1970, rounded down: the same number on both databases."""
    if on_sqlite:
        # Without its fraction, which SQLite would round to a millisecond, and by that to the next second.
        return cast(func.strftime("%s", func.substr(instant, 1, 19)), BigInteger)
    return cast(func.floor(func.extract("epoch", instant)), BigInteger)


def _expression(value: Column, known: Any, name: str) -> Any:
    if isinstance(value, ColumnElement) or hasattr(value, "__clause_element__"):
        return value
    return literal(value, known[name].type)


def _quoted(name: str) -> str:
    if not name.isidentifier():
        raise ValueError(f"{name!r} is not a name")
    return f"'{name}'"
