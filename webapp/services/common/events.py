"""Facts told to other systems: rows written with the action, sent after it."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from webapp.domain.outbox import event_types
from webapp.models import Event
from webapp.services.common import event_facts
from webapp.sql import (
    ids_asked,
    is_sqlite,
    json_asked,
    json_elements,
    json_number,
    json_text,
    json_within,
    labelled,
    one_of_asked,
)

_OWN = "own_"
"""Before the names of what an action adds, among the parameters of a statement."""
_GIVEN = "given_"
"""Before those of its other parameters, which are no columns of what is inserted."""
_COLUMNS = ["type", "subject_kind", "subject_id", "payload", "at"]


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
    on_sqlite = is_sqlite(session)
    asked: dict[str, Any] = {_GIVEN + "at": at, _GIVEN + "ids": ids_asked(on_sqlite, subject_ids)}
    asked |= {_OWN + name: value for name, value in _as_json(event).items()}
    how = {"preserve_rowcount": True}
    result: Any = session.execute(_writing(type(event), on_sqlite), asked, execution_options=how)
    if result.rowcount != len(set(subject_ids)):
        raise LookupError(
            f"{event.type} is about {len(set(subject_ids))} things, and {result.rowcount} are there to tell of"
        )


def add_each(session: Session, happened: Sequence[tuple[event_types.Event, int]], *, at: datetime) -> None:
    """Write events of one type by one statement, each about its own subject and with what the action adds to it.

    Nothing is written for none. Raises LookupError when one of the subjects is not there, or lacks what must be told.
    """
    if not happened:
        return
    session.flush()
    kind, on_sqlite = type(happened[0][0]), is_sqlite(session)
    given = [{"about": subject_id, "own": _as_json(event)} for event, subject_id in happened]
    asked = {_GIVEN + "at": at, _GIVEN + "events": json.dumps(given, ensure_ascii=False)}
    result: Any = session.execute(_writing_each(kind, on_sqlite), asked, execution_options={"preserve_rowcount": True})
    if result.rowcount != len(happened):
        raise LookupError(f"{kind.type} is told of {len(happened)} things, and {result.rowcount} are there to tell of")


@cache
def _writing_each(event: type[event_types.Event], on_sqlite: bool) -> Any:
    """The statement that writes events of a type from a list of them."""
    source, given = event_facts.source_of(event.facts), json_elements(on_sqlite, _GIVEN + "events")
    own = {name: json_within(on_sqlite, given, "own", name) for name in event.model_fields}
    chosen = select(*labelled(Event, _values(event, on_sqlite, own))).select_from(source.rows)
    chosen = chosen.join(given, source.key == json_number(on_sqlite, given, "about"))
    chosen = chosen.where(*event_facts.are_there(event.facts))
    return insert(Event.__table__).from_select(_COLUMNS, chosen)  # type: ignore[arg-type]


@cache
def _writing(event: type[event_types.Event], on_sqlite: bool) -> Any:
    """The statement that writes events of a type: it is built once, which takes longer than carrying it out."""
    source = event_facts.source_of(event.facts)
    own = {name: json_asked(on_sqlite, _OWN + name) for name in event.model_fields}
    chosen = select(*labelled(Event, _values(event, on_sqlite, own))).select_from(source.rows)
    chosen = chosen.where(one_of_asked(on_sqlite, source.key, _GIVEN + "ids"), *event_facts.are_there(event.facts))
    return insert(Event.__table__).from_select(_COLUMNS, chosen)  # type: ignore[arg-type]


def _as_json(event: event_types.Event) -> dict[str, str]:
    """What the action adds, each as JSON."""
    return {name: json.dumps(value, ensure_ascii=False) for name, value in event.model_dump(mode="json").items()}


def _values(event: type[event_types.Event], on_sqlite: bool, own: dict[str, Any]) -> dict[str, Any]:
    """What is written into each of the columns."""
    source = event_facts.source_of(event.facts)
    return {
        "type": event.type,
        "subject_kind": event.facts.about,
        "subject_id": source.key if source.subject_id is None else source.subject_id,
        "payload": json_text(on_sqlite, event_facts.columns_of(on_sqlite, event.facts) | own),
        "at": bindparam(_GIVEN + "at", type_=Event.__table__.c.at.type),
    }
