"""Messages on their way into the table of deliveries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.domain.states import Channel, DeliveryStatus
from webapp.models import Delivery
from webapp.services.notifications.messages.recipients import Recipient
from webapp.services.notifications.messages.templates import Text
from webapp.sql import insert_new


@dataclass(frozen=True, slots=True)
class Message:
    """What is said to whom about what. `key` makes writing it twice harmless."""

    key: str
    to: Recipient
    kind: str
    subject: tuple[str, int]
    text: Text
    event_id: int | None = None
    lane: str = ""
    """Begins the name of its lane, when it may not wait behind other messages."""


def write_all(session: Session, messages: Iterable[Message], at: datetime) -> int:
    """Write the messages that were not written before; returns how many were handed in."""
    rows = [_row(message, at) for message in messages]
    if rows:
        session.execute(insert_new(session, Delivery).on_conflict_do_nothing(), rows)
    return len(rows)


def _row(message: Message, at: datetime) -> dict[str, object]:
    is_letter = message.to.channel == Channel.EMAIL
    return {
        "key": f"{message.key}-{message.to.channel}-{message.to.mark}",
        "channel": message.to.channel,
        "lane": message.lane + message.to.lane,
        "event_id": message.event_id,
        "kind": message.kind,
        "subject_kind": message.subject[0],
        "subject_id": message.subject[1],
        "recipient": message.to.address[:200],
        "title": "" if message.to.channel == Channel.SMS else message.text.title,
        "body": message.text.body if is_letter else message.text.short,
        "status": DeliveryStatus.WAITING,
        "attempts": 0,
        "next_try_at": at,
        "created_at": at,
    }
