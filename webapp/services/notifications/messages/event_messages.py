"""From events to messages: which event is told to whom. What happened long ago is told to nobody."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.states import DisputeStatus
from webapp.models import Event
from webapp.models import Message as DisputeMessage
from webapp.services.common import readers
from webapp.services.notifications.messages import (
    context,
    money_moved,
    money_templates,
    paid_before,
    payload_fields,
    recipients,
    templates,
)
from webapp.services.notifications.messages.context import Case, Cases
from webapp.services.notifications.messages.money_moved import Moved
from webapp.services.notifications.messages.money_templates import BUYER, SELLER
from webapp.services.notifications.messages.outgoing import Message, write_all
from webapp.services.notifications.messages.templates import Text
from webapp.settings import Settings
from webapp.sql import one_of

NEWS = timedelta(days=3)
PAYEE, PARTY = "payee", "party"

TO_PARTIES: dict[str, tuple[str, ...]] = {
    "order.declined": (BUYER,),
    "payment.succeeded": (BUYER,),
    "chargeback.open": (BUYER, SELLER),
    "chargeback.won": (BUYER, SELLER),
    "chargeback.lost": (BUYER, SELLER),
    "chargeback.accepted": (BUYER, SELLER),
    "refund.covered": (BUYER, SELLER),
    "refund.uncovered": (BUYER,),
    "dispute.opened": (BUYER, SELLER),
    "dispute.message": (BUYER, SELLER),
    "dispute.resolved": (BUYER, SELLER),
    "payout.succeeded": (PAYEE,),
    "payout.failed": (PAYEE,),
    "payout.reversed": (PAYEE,),
    "payout_schedule.failed": (PAYEE,),
    "payout.clawed_back": (PAYEE,),
    "party.auto_deducted": (PARTY,),
    "party.payout_destination_changed": (PARTY,),
    "party.payout_destination_approved": (PARTY,),
    "party.payout_destination_rejected": (PARTY,),
}
"""Which sides may hear of an event that moves no money of theirs by a transfer of its own, by email or by telephone."""
TAKEN = ("chargeback.lost", "chargeback.accepted")
_CAME_BACK = ("payout.failed", "payout.reversed", "payout_schedule.failed")
_OF_PAYLOAD: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "chargeback.open": payload_fields.of_chargeback,
    "chargeback.won": payload_fields.of_chargeback,
    "refund.covered": payload_fields.of_covered,
    "refund.uncovered": payload_fields.of_uncovered,
    "payout.clawed_back": payload_fields.of_clawed_back,
    "party.auto_deducted": payload_fields.of_deduction,
    "party.payout_destination_changed": payload_fields.of_destination,
    "party.payout_destination_approved": payload_fields.of_destination,
    "party.payout_destination_rejected": payload_fields.of_destination,
}
"""What is told of an event that says it itself."""
TO_STAFF = ("dispute.opened", "dispute.expired", "dispute.escalate", "approval.proposed", "payout_schedule.failed")
"""Which events are said in the chats of the staff."""


@dataclass(frozen=True, slots=True)
class EventData:
    """What is read for all events at once: messages of disputes by their numbers, and what moved by the event's."""

    dispute_messages: dict[int, DisputeMessage]
    moved: dict[int, Moved]
    paid: dict[int, datetime]
    """Since when payouts counted as paid that failed or came back since."""

    def was_paid(self, payout_id: int | None, at: datetime) -> bool:
        """Whether its payee had heard that it was paid."""
        since = self.paid.get(payout_id or 0)
        return since is not None and since <= at


def write(session: Session, events: Sequence[Event], at: datetime, settings: Settings) -> int:
    """Write the messages that these events make; returns how many."""
    handled = {*TO_PARTIES, *TO_STAFF, *money_templates.SIDES}
    news = [event for event in events if event.at > at - NEWS and event.type in handled]
    known = {kind: context.of(session, kind, ids, settings) for kind, ids in _by_kind(news).items()}
    schedules = {number: case.row for number, case in known.get("payout_schedule", {}).items()}
    paid = paid_before.read(session, news, schedules)
    disputed = {number: case.row.escrow_id for number, case in known.get("dispute", {}).items()}
    data = EventData(_dispute_messages(session, news), money_moved.of_events(session, news, disputed), paid)
    return write_all(session, _messages(news, known, data, settings), at)


def _messages(news: Sequence[Event], known: dict[str, Cases], data: EventData, settings: Settings) -> Iterator[Message]:
    for event in news:
        case = known[event.subject_kind].get(event.subject_id)
        if case is None:
            continue
        for side in (*TO_PARTIES.get(event.type, ()), *money_templates.SIDES.get(event.type, ())):
            yield from _to_party(event, case, side, data, settings)
        if event.type in TO_STAFF:
            yield from _to_staff(event, case, settings)


def _to_party(event: Event, case: Case, side: str, data: EventData, settings: Settings) -> Iterator[Message]:
    party = case.parties.get(side)
    to = recipients.of_party(party, settings)
    if to is None or party is None:
        return
    text, kind, more = _words(event, case, party.id, side, data)
    if text is not None and kind is not None:
        letter = templates.letter(text, case.fields | more | {"name": party.name}, readers.of_party(party, settings))
        yield Message(f"event-{event.id}-{side}", to, kind, _subject(event), letter, event.id)


def _words(
    event: Event, case: Case, party_id: int, side: str, data: EventData
) -> tuple[Text | None, str | None, dict[str, Any]]:
    """The text, its kind, and what else it tells; no text for what is told to nobody."""
    if event.type in money_templates.SIDES:
        text, more = _of_money(event, case, party_id, side, data)
        return text, event.type, more
    kind, more = _kind(event, case, side, data)
    return templates.TEXTS[kind] if kind else None, kind, more


def _of_money(
    event: Event, case: Case, party_id: int, side: str, data: EventData
) -> tuple[Text | None, dict[str, Any]]:
    """The line of the table for what happened to this party; None when nothing did."""
    if event.type == "refund.processed":
        return money_templates.TEXTS[event.type, side, "second_done" if case.fields["is_second"] else "done"], {}
    found = data.moved.get(event.id)
    if event.type == "refund.failed" and found is None:
        return money_templates.TEXTS[event.type, side, "waits"], {}
    if found is None:
        return None, {}
    shape = found.shape(party_id, is_buyer=side == BUYER)
    return money_templates.TEXTS.get((event.type, side, shape)), context.of_moved(
        found, party_id, case.fields.get("price")
    )


def _to_staff(event: Event, case: Case, settings: Settings) -> Iterator[Message]:
    text = templates.write(f"staff.{event.type}", case.fields, readers.of_desk(settings))
    for to in recipients.staff(settings):
        yield Message(f"event-{event.id}-staff", to, f"staff.{event.type}", _subject(event), text, event.id)


def _kind(event: Event, case: Case, side: str, data: EventData) -> tuple[str | None, dict[str, Any]]:
    """Which text this side gets, and what else it tells."""
    if event.type in _OF_PAYLOAD:
        own = f"{event.type}.{side}"
        return own if own in templates.TEXTS else event.type, _OF_PAYLOAD[event.type](json.loads(event.payload))
    if event.type in TAKEN:
        return _taken_again(event, side)
    if event.type == "dispute.opened":
        if case.fields["claimant"] == context.BANK:
            return None, {}  # The bank's own event tells it, with what the bank wants.
        return "dispute.received" if case.row.claimant == side else event.type, {}
    if event.type == "dispute.resolved":
        return _resolved(event, case, side, data)
    if event.type == "payout.succeeded" and json.loads(event.payload).get("is_clawed_back"):
        return None, {}  # The claw-back tells it, with what it takes.
    if event.type in _CAME_BACK:
        kind = _of_payout(event, case, data)
        return kind, payload_fields.of_returned(json.loads(event.payload)) if kind == "payout.reversed.debt" else {}
    if event.type != "dispute.message":
        return event.type, {}
    message = data.dispute_messages.get(_message_id(event))
    if message is None or message.audience != side or message.inbound:
        return None, {}
    needs_response = case.row.status == DisputeStatus.NEEDS_RESPONSE and case.row.waiting_on == side
    kind = "dispute.needs_response" if needs_response and case.row.paused_at == message.at else event.type
    return kind, {"message": message.body}


def _taken_again(event: Event, side: str) -> tuple[str | None, dict[str, Any]]:
    """What a bank takes is told by what is booked for it; when that was booked before it said otherwise, by this."""
    payload = json.loads(event.payload)
    if not payload.get("booked_before_amount", 0):
        return None, {}
    return f"chargeback.taken_again.{side}", payload_fields.of_chargeback(payload)


def _resolved(event: Event, case: Case, side: str, data: EventData) -> tuple[str | None, dict[str, Any]]:
    """What was decided; a bank's taking that ended it is told by itself, and decides nothing that is paid besides."""
    found = data.moved.get(event.id)
    if found is None or not found.is_outside:
        return event.type, {"resolution": case.fields[f"resolution_for_{side}"]}
    return (None if case.fields["claimant"] == context.BANK else event.type), {"resolution": context.BY_BANK}


def _of_payout(event: Event, case: Case, data: EventData) -> str | None:
    """One message for what became of a payout: by it when it had been paid, else by its schedule when that gives up."""
    if event.type == "payout_schedule.failed":
        return None if data.was_paid(case.row.payout_id, event.at) else event.type
    if data.was_paid(case.row.id, event.at):
        payload = json.loads(event.payload)
        if payload.get("to_platform"):
            return "payout.reversed.platform"
        return "payout.reversed.debt" if payload.get("debt_met_amount") else "payout.reversed"
    return event.type if case.row.schedule_id is None else None


def _dispute_messages(session: Session, news: Sequence[Event]) -> dict[int, DisputeMessage]:
    ids = [_message_id(event) for event in news if event.type == "dispute.message"]
    return (
        {
            each.id: each
            for each in session.scalars(select(DisputeMessage).where(one_of(session, DisputeMessage.id, ids)))
        }
        if ids
        else {}
    )


def _message_id(event: Event) -> int:
    return int(json.loads(event.payload).get("message") or 0)


def _by_kind(news: Sequence[Event]) -> dict[str, list[int]]:
    ids: dict[str, list[int]] = defaultdict(list)
    for event in news:
        ids[event.subject_kind].append(event.subject_id)
    return ids


def _subject(event: Event) -> tuple[str, int]:
    return event.subject_kind, event.subject_id
