"""Rows that pages seldom meet: every state of every thing, and tables twisted to dates, texts and gaps at the edge.

Found by inspection of the models, so that a new table or column is twisted as well.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Integer,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session

from webapp.domain.states import (
    Channel,
    ChargebackStatus,
    DeliveryStatus,
    InboundWebhookStatus,
    PaymentStatus,
    PayoutStatus,
    RefundStatus,
    RunStatus,
    ScheduleStatus,
)
from webapp.models import Base
from webapp.models.base import Instant, Json

EARLY, LATE = datetime(1970, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC)
"""The first and the last that any input lets in."""
LONG = "<b>&\"'" + "ہزار آمنہ " * 20
"""200 characters, of a script that runs from right to left, with the characters that markup is made of."""
PRESENT = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)

STATES: dict[str, Sequence[str]] = {
    "webhook_endpoint": ("",),
    "payout_destination": ("",),
    "payout_schedule": tuple(ScheduleStatus),
    "payout": tuple(PayoutStatus),
    "payment": tuple(PaymentStatus) * 2,  # more than there are refunds, of which each has a payment of its own
    "refund": tuple(RefundStatus),
    "chargeback": tuple(ChargebackStatus),
    "inbound_webhook": tuple(InboundWebhookStatus),
    "delivery": tuple(DeliveryStatus),
    "discrepancy": ("",),
    "reconciliation": ("",),
    "provider_state": ("",),
    "webhook_refusal": ("",),
    "process": ("",),
    "run": tuple(RunStatus),
    "saved_view": ("",),
    "api_token": ("",),
}
"""The states of what the demo has none of, in the order in which they refer to each other."""
_GIVEN: dict[str, Any] = {
    "body": '{"event": "charge.success"}',
    "channel": Channel.EMAIL,
    "email": "odd@desk.example",
    "events": ["*"],
    "kind": "worker",
    "provider": "paystack",
    "query": "tab=mine",
    "scopes": ["jobs"],
    "screen": "disputes",
    "source": "paystack",
    "subject_kind": "escrow",
    "trigger": "manual",
    "url": "https://hooks.example/desk",
}
_JOBS = ("auto_release", "auto_deduct", "verify_books")
_KINDS = {"discrepancy": "different", "delivery": "escrow.released", "payout_destination": "nuban"}
_SIGN_IN = {"user_session", "desk_user", "desk_role", "user_roles", "audit_head", "audit_seal"}
"""Without these nobody could look."""
_PROSE = ("name", "title", "reason", "detail", "result", "last_error", "status_detail", "description", "message")
_MORE_PROSE = ("category", "host", "why", "text", "owner")
_NOT_PROSE = {"account.owner"}
_WHOLE = {"report.figures"}
"""What the desk writes once, all of it."""
_numbers = count(1)


def fill(session: Session) -> None:
    """A row of each state of what the demo has none of: once with everything known, once with what must be."""
    for name, states in STATES.items():
        table = Base.metadata.tables[name]
        for status in states:
            for sparse in (False, True):
                session.execute(insert(table).values(_row(session, table, status, sparse)))


def twist_dates(session: Session, at: datetime) -> None:
    """Every instant that is known becomes this one."""
    for table, column in _columns(DateTime):
        _set(session, table, column, at)
    for table, column in _columns(Date):
        _set(session, table, column, at.date())


def twist_texts(session: Session) -> None:
    """Every name and every sentence becomes a long one that runs from right to left."""
    for table, column in _columns(object):
        if _is_prose(table, column):
            _set(session, table, column, LONG[: getattr(column.type, "length", None) or 200])


def twist_gaps(session: Session) -> None:
    """Whatever need not be known is not, and every count is nothing."""
    gaps: dict[Table, dict[str, object]] = {}
    for table, column in _columns(object):
        if column.name in _unique(table) or f"{table.name}.{column.name}" in _WHOLE:
            continue
        if column.nullable:
            gaps.setdefault(table, {})[column.name] = None
        elif isinstance(column.type, Json):
            empty: object = {} if column.name in ("counts", "amounts", "heads", "payload") else []
            gaps.setdefault(table, {})[column.name] = empty
    # All of a row at once: some are known together or not at all.
    for table, values in gaps.items():
        session.execute(update(table).values(values))


def forget_triggers(session: Session) -> None:
    """Let rows be twisted that nothing else may change (SQLite)."""
    for name in session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
        session.execute(text(f"DROP TRIGGER {name}"))


def _row(session: Session, table: Table, status: str, sparse: bool) -> dict[str, Any]:
    number = next(_numbers)
    return {
        column.name: _value(session, table, column, status, number)
        for column in table.columns
        if not (column.primary_key and isinstance(column.type, Integer)) and not (sparse and column.nullable)
    }


def _value(session: Session, table: Table, column: Column[Any], status: str, number: int) -> Any:
    if column.foreign_keys:
        [key] = column.foreign_keys
        others = session.scalars(select(key.column).order_by(key.column.desc())).all()
        return others[number % len(others)] if others else None
    if column.name == "status" and status:
        return status
    if column.name == "kind" and table.name in _KINDS:
        return _KINDS[table.name]
    if column.name == "job":
        return _JOBS[number % len(_JOBS)]
    if column.name.endswith("currency"):
        return "NGN"
    if column.name in _GIVEN and not column.unique and not column.primary_key:
        return _GIVEN[column.name]
    if isinstance(column.type, Instant):
        return PRESENT + timedelta(minutes=number)
    if isinstance(column.type, Date):
        return PRESENT.date()
    if isinstance(column.type, Json):
        return {}
    if isinstance(column.type, Boolean):
        return False
    return number if isinstance(column.type, Integer) else f"{column.name}-{number}"[:40]


def _columns(kind: type) -> Iterator[tuple[Table, Column[Any]]]:
    for table in Base.metadata.sorted_tables:
        if table.name not in _SIGN_IN:
            yield from ((table, column) for column in table.columns if _is(column, kind))


def _is(column: Column[Any], kind: type) -> bool:
    return kind is object or isinstance(getattr(column.type, "impl", column.type), kind)


def _is_prose(table: Table, column: Column[Any]) -> bool:
    return f"{table.name}.{column.name}" not in _NOT_PROSE and column.name.split("_")[-1] in _PROSE + _MORE_PROSE


def _set(session: Session, table: Table, column: Column[Any], value: Any) -> None:
    if column.name not in _unique(table):
        session.execute(update(table).where(column.is_not(None)).values({column.name: value}))


def _unique(table: Table) -> set[str]:
    """The columns whose values tell rows apart."""
    constraints = (each for each in table.constraints if isinstance(each, UniqueConstraint | PrimaryKeyConstraint))
    indexes = (each for each in table.indexes if each.unique)
    return {column.name for each in (*constraints, *indexes) for column in each.columns}
