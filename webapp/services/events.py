"""Facts told to other systems: rows written with the deed, sent after it."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from webapp.models import Event
from webapp.models.base import Json
from webapp.sql import Rows, insert_rows, json_text


def add(session: Session, event: str, subject: tuple[str, int], payload: dict[str, Any], *, at: datetime) -> None:
    """Write one event."""
    said = Json().process_bind_param(payload, session.get_bind().dialect)
    session.execute(
        insert(Event).values(type=event, subject_kind=subject[0], subject_id=subject[1], payload=said, at=at)
    )


def add_all(session: Session, event: str, subject_kind: str, subjects: Rows, *, at: datetime) -> None:
    """Write an event for each row of a SELECT that has `id`; its other columns are the payload."""
    rows = subjects.subquery()
    payload = json_text(session, {column.name: column for column in rows.c if column.name != "id"})
    columns = {"type": event, "subject_kind": subject_kind, "subject_id": rows.c.id, "payload": payload, "at": at}
    insert_rows(session, Event, columns)
