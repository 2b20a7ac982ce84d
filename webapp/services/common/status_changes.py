"""What many rows of one kind became together: an audit record and an event for each, set by set."""

from collections.abc import Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.outbox.event_types import Event
from webapp.services.audit import trail
from webapp.services.common import events
from webapp.sql import is_sqlite, json_text, one_of


def record_all(
    session: Session, model: Any, before: Mapping[int, str], action: str, event: Event, *, at: datetime, actor: Actor
) -> None:
    """Tell what rows are now; `before` has the status each had, by id. One statement for each former status."""
    now = json_text(is_sqlite(session), {"status": model.status, "status_detail": model.status_detail})
    for former, some in groupby(sorted(before, key=before.__getitem__), key=before.__getitem__):
        ids = list(some)
        was = literal(f'{{"status":"{former}"}}').label("before")
        records = select(model.id, was, now.label("after")).where(one_of(session, model.id, ids))
        trail.record_all(session, actor, action, model.__tablename__, records, len(ids), at=at)
    events.add_all(session, event, list(before), at=at)
