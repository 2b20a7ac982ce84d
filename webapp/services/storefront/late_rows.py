"""What comes late: rows of days that are over, whose figures have to be made again.

Whoever stores, changes or removes a row notes its day in the same transaction; the next run takes the note away in
the transaction in which it counts the day. So it is known by what was written, and nothing has to be searched.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from webapp.models import AnalyticsDay, AnalyticsLateRow, Customer, Order, OrderLine
from webapp.sql import one_of

_ZONES = (timedelta(hours=-12), timedelta(), timedelta(hours=14))
"""How far the clocks of zones are from UTC, at most."""


def note(session: Session, instants: Iterable[datetime | None], *, at: datetime) -> None:
    """Something of these instants was stored, changed or removed now. Of today nothing has been told yet."""
    today = at.astimezone(UTC).date()
    late = {each.astimezone(UTC).replace(minute=0, second=0, microsecond=0) for each in instants if each is not None}
    late = {each for each in late if each.date() <= today}
    if not late:
        return
    apart = _ZONES if _is_by_zones(session) else _ZONES[1:2]
    over = sorted({day for each in late for hours in apart if (day := (each + hours).date()) < today})
    if not over:
        return
    # Who counts a day removes its notes first of all: one that is being removed doesn't stand for what is written here.
    there = select(AnalyticsLateRow.day).where(AnalyticsLateRow.day.in_(over)).order_by(AnalyticsLateRow.id)
    noted = set(session.scalars(there.with_for_update(read=True)))
    if missing := [{"day": day} for day in over if day not in noted]:
        session.execute(insert(AnalyticsLateRow), missing)


def note_changes(session: Session, model: Any, rows: Sequence[Any], *, at: datetime) -> None:
    """These rows of the storefront, or what they were before, were stored, changed or removed now."""
    if model is Customer:
        note(session, (row.created_at for row in rows), at=at)
    if model is OrderLine and (orders := sorted({row.order_id for row in rows if row.order_id is not None})):
        note(session, session.scalars(select(Order.paid_at).where(one_of(session, Order.id, orders))), at=at)


def days(session: Session) -> set[date]:
    """The days that have to be counted again."""
    return set(session.scalars(select(AnalyticsLateRow.day).distinct()))


def take(session: Session, day: date) -> None:
    """The day is counted now, in this transaction."""
    session.execute(delete(AnalyticsLateRow).where(AnalyticsLateRow.day == day))


def _is_by_zones(session: Session) -> bool:
    """Whether the figures are those of each tenant's own days: an instant may be on the day before or after, too."""
    newest = select(AnalyticsDay.counted_by).order_by(AnalyticsDay.day.desc()).limit(1)
    return session.scalar(newest) == "tenant"
