"""Webhooks: every event was told to each endpoint that wants it, signed, in the order that is promised."""

import json
from datetime import datetime
from pathlib import Path

import psycopg

from soak.oracle.findings import LOST, WRONG, Finding

_TOLD, _ORDERED, _SIGNED = "an event is told", "events of an endpoint come in order", "a webhook is signed"


def check(connection: psycopg.Connection, received: Path, endpoints: dict[str, str], until: datetime) -> list[Finding]:
    """What of the events until an instant was not told, or not in order.

    `endpoints` says which events each name wants: `*`, or `escrow.*`.
    """
    came: dict[str, dict[int, int]] = {name: {} for name in endpoints}
    found: list[Finding] = []
    for place, line in enumerate(received.read_text().splitlines()):
        row = json.loads(line)
        if not row["is_signed"]:
            found.append(Finding(_SIGNED, WRONG, f"event {row['event']} came to {row['endpoint']} wrongly signed"))
        if row["event"].isdigit():
            came.setdefault(row["endpoint"], {}).setdefault(int(row["event"]), place)
    for name, wanted in endpoints.items():
        found += _of_endpoint(connection, name, wanted, came[name], until)
    return found


def _of_endpoint(
    connection: psycopg.Connection, name: str, wanted: str, came: dict[int, int], until: datetime
) -> list[Finding]:
    """What came for the first time, against the events since the endpoint is there, in the order of its queue."""
    query = """SELECT e.id, e.type, e.subject_kind, e.subject_id, min(d.id) FROM event e
               JOIN webhook_endpoint w ON w.description = %s AND e.at > w.created_at
               LEFT JOIN delivery d ON d.event_id = e.id AND d.endpoint_id = w.id
               WHERE e.type LIKE %s AND e.at <= %s GROUP BY e.id ORDER BY min(d.id), e.id"""
    found: list[Finding] = []
    last, of_subject = (-1, 0), dict[tuple[str, int], tuple[int, int]]()
    for event, kind, subject_kind, subject, queued in connection.execute(
        query, [name, wanted.replace("*", "%"), until]
    ):
        if event not in came:
            found.append(Finding(_TOLD, LOST, f"event {event} ({kind}) never came to {name}"))
            continue
        if queued is not None and came[event] < last[0]:
            found.append(Finding(_ORDERED, WRONG, f"event {event} came to {name} before event {last[1]}"))
        last = max(last, (came[event], event))
        before = of_subject.get((subject_kind, subject), (-1, 0))
        if came[event] < before[0] and event > before[1]:
            found.append(Finding(_ORDERED, WRONG, f"{subject_kind} {subject}: {event} came before {before[1]}"))
        of_subject[subject_kind, subject] = max(before, (came[event], event))
    return found
