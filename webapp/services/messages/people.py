"""From events to messages: which event is told to whom. What happened long ago is told to nobody."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.states import DisputeStatus
from webapp.models import Event
from webapp.models import Message as Said
from webapp.services.messages import cases, recipients, texts
from webapp.services.messages.cases import Case, Cases
from webapp.services.messages.outgoing import Message, write_all
from webapp.settings import Settings
from webapp.sql import one_of

NEWS = timedelta(days=3)
BUYER, SELLER, PAYEE, PARTY = "buyer", "seller", "payee", "party"

TOLD: dict[str, tuple[str, ...]] = {
    "order.declined": (BUYER,),
    "payment.succeeded": (BUYER,),
    "escrow.released": (SELLER,),
    "escrow.refunded": (BUYER,),
    "dispute.opened": (BUYER, SELLER),
    "dispute.message": (BUYER, SELLER),
    "dispute.resolved": (BUYER, SELLER),
    "payout.succeeded": (PAYEE,),
    "payout.failed": (PAYEE,),
    "payout.reversed": (PAYEE,),
    "payout_schedule.failed": (PAYEE,),
    "party.auto_deducted": (PARTY,),
    "party.payout_destination_changed": (PARTY,),
}
"""Which sides may hear of an event, by email or by telephone."""
STAFF = ("dispute.opened", "dispute.expired", "dispute.escalate", "approval.proposed", "payout_schedule.failed")
"""Which events are said in the chats of the staff."""


def write(session: Session, events: Sequence[Event], at: datetime, settings: Settings) -> int:
    """Write the messages that these events make; returns how many."""
    news = [event for event in events if event.at > at - NEWS and (event.type in TOLD or event.type in STAFF)]
    known = {kind: cases.of(session, kind, ids, settings) for kind, ids in _by_kind(news).items()}
    said = _said(session, news)
    return write_all(session, _messages(news, known, said, settings), at)


def _messages(
    news: Sequence[Event], known: dict[str, Cases], said: dict[int, Said], settings: Settings
) -> Iterator[Message]:
    for event in news:
        case = known[event.subject_kind].get(event.subject_id)
        if case is None:
            continue
        for side in TOLD.get(event.type, ()):
            yield from _to_party(event, case, side, said, settings)
        if event.type in STAFF:
            yield from _to_staff(event, case, settings)


def _to_party(event: Event, case: Case, side: str, said: dict[int, Said], settings: Settings) -> Iterator[Message]:
    party = case.parties.get(side)
    to = recipients.of_party(party, settings)
    kind, more = _kind(event, case, side, said)
    if to is not None and party is not None and kind is not None:
        text = texts.write(kind, case.fields | more | {"name": party.name})
        yield Message(f"event-{event.id}-{side}", to, kind, _subject(event), text, event.id)


def _to_staff(event: Event, case: Case, settings: Settings) -> Iterator[Message]:
    text = texts.write(f"staff.{event.type}", case.fields)
    for to in recipients.staff(settings):
        yield Message(f"event-{event.id}-staff", to, f"staff.{event.type}", _subject(event), text, event.id)


def _kind(event: Event, case: Case, side: str, said: dict[int, Said]) -> tuple[str | None, dict[str, Any]]:
    """Which text this side gets, and what else it tells."""
    if event.type == "dispute.opened":
        return "dispute.received" if case.row.claimant == side else event.type, {}
    if event.type in ("payout.failed", "payout.reversed") and case.row.schedule_id is not None:
        return None, {}  # It is tried again by its schedule, which says so when it gives up.
    if event.type == "party.auto_deducted":
        return event.type, cases.of_deduction(json.loads(event.payload))
    if event.type == "party.payout_destination_changed":
        return event.type, cases.of_destination(json.loads(event.payload))
    if event.type != "dispute.message":
        return event.type, {}
    message = said.get(_message_id(event))
    if message is None or message.audience != side or message.inbound:
        return None, {}
    asked = case.row.status == DisputeStatus.NEEDS_RESPONSE and case.row.waiting_on == side
    kind = "dispute.needs_response" if asked and case.row.paused_at == message.at else event.type
    return kind, {"message": message.body}


def _said(session: Session, news: Sequence[Event]) -> dict[int, Said]:
    ids = [_message_id(event) for event in news if event.type == "dispute.message"]
    return {each.id: each for each in session.scalars(select(Said).where(one_of(session, Said.id, ids)))} if ids else {}


def _message_id(event: Event) -> int:
    return int(json.loads(event.payload).get("message") or 0)


def _by_kind(news: Sequence[Event]) -> dict[str, list[int]]:
    ids: dict[str, list[int]] = defaultdict(list)
    for event in news:
        ids[event.subject_kind].append(event.subject_id)
    return ids


def _subject(event: Event) -> tuple[str, int]:
    return event.subject_kind, event.subject_id
