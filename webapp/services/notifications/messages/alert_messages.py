"""Messages about alerts: one when it fires, one when it is over, none while it is silenced or once it is seen to."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from webapp.domain.state_labels import in_words
from webapp.domain.states import AlertStatus
from webapp.domain.words import joined, phrase
from webapp.models import Alert, Delivery
from webapp.services.common import readers
from webapp.services.common.readers import KeptSentence
from webapp.services.notifications.delivery_queue import ALERTS
from webapp.services.notifications.messages import context, recipients, templates
from webapp.services.notifications.messages.outgoing import Message, write_all
from webapp.settings import Settings

FIRING, RESOLVED = "alert.firing", "alert.resolved"
SUBJECT = "alert"
_NEWS = timedelta(days=1)
_AT_ONCE = 100


def unannounced(session: Session, at: datetime) -> list[tuple[str, Alert]]:
    """Alerts that somebody has to hear of now, and what of them."""
    loud = or_(Alert.silenced_until.is_(None), Alert.silenced_until <= at)
    begun = (Alert.status == AlertStatus.FIRING, ~_is_announced(FIRING))
    over = (
        Alert.status == AlertStatus.RESOLVED,
        Alert.resolved_at > at - _NEWS,
        _is_announced(FIRING),
        ~_is_announced(RESOLVED),
    )
    found: list[tuple[str, Alert]] = []
    for kind, which in ((FIRING, begun), (RESOLVED, over)):
        query = select(Alert).where(loud, ~Alert.demo, *which).order_by(Alert.id).limit(_AT_ONCE)
        found += [(kind, alert) for alert in session.scalars(query)]
    return found


def write(session: Session, at: datetime, settings: Settings) -> int:
    """Write a message to each of ALERT_URLS and ALERT_EMAILS; two at once write one. Returns how many were due."""
    return write_all(session, _messages(unannounced(session, at), settings), at)


def _messages(found: list[tuple[str, Alert]], settings: Settings) -> Iterator[Message]:
    for kind, alert in found:
        text = templates.write(kind, _fields(alert, settings), readers.of_desk(settings))
        for to in recipients.of_alerts(settings):
            key = f"alert-{alert.id}-{kind}-{alert.fired_at:%Y%m%d%H%M%S%f}"
            yield Message(key, to, kind, (SUBJECT, alert.id), text, lane=ALERTS.prefix)


def _fields(alert: Alert, settings: Settings) -> dict[str, Any]:
    return {
        "severity": phrase("Urgent") if alert.severity == "page" else phrase("Warning"),
        "subject": joined(in_words(alert.rule), alert.subject, between=": "),
        "sentence": KeptSentence(alert.sentence),
        "rule": alert.rule,
        "since": alert.fired_at,
        "until": alert.resolved_at or "",
        "link": context.link(settings, f"/alerts/{alert.id}"),
    }


def _is_announced(kind: str) -> Any:
    """Since it fired, or fired anew."""
    same = (Delivery.subject_kind == SUBJECT, Delivery.subject_id == Alert.id, Delivery.kind == kind)
    # A webhook of the same name tells a machine, and often first: people are told all the same.
    to_people = Delivery.endpoint_id.is_(None)
    return exists().where(*same, to_people, Delivery.created_at >= Alert.fired_at)
