"""Facts told to other systems: rows written with the action, sent after it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.domain.outbox import event_types
from webapp.models import Event
from webapp.services.common import event_facts
from webapp.sql import insert_rows, json_text, json_value, one_of


def add(session: Session, event: event_types.Event, subject_id: int, *, at: datetime) -> None:
    """Write one event. Raises LookupError when it is about nothing that is there."""
    add_all(session, event, [subject_id], at=at)


def add_all(session: Session, event: event_types.Event, subject_ids: Sequence[int], *, at: datetime) -> None:
    """Write an event about each of these: the facts of its rows as they are now, and what the action adds.

    Nothing is written for no subjects. Raises LookupError when one of them is not there, or lacks what must be told.
    """
    if not subject_ids:
        return
    session.flush()
    source = event_facts.source_of(event.facts)
    details = {name: json_value(session, value) for name, value in event.model_dump(mode="json").items()}
    values = {
        "type": event.type,
        "subject_kind": event.facts.about,
        "subject_id": source.key if source.subject_id is None else source.subject_id,
        "payload": json_text(session, event_facts.columns_of(session, event.facts) | details),
        "at": at,
    }
    chosen = (one_of(session, source.key, subject_ids), *event_facts.are_there(event.facts))
    written = insert_rows(session, Event, values, *chosen, rows=source.rows)
    if written != len(set(subject_ids)):
        raise LookupError(f"{event.type} is about {len(set(subject_ids))} things, and {written} are there to tell of")
