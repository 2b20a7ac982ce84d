"""Letters to people about their own account: each change of how they sign in, whoever made it, read off the trail."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from webapp.domain.words import phrase
from webapp.models import Audit, Delivery, User
from webapp.services.common import readers
from webapp.services.notifications.messages import context, payload_fields, recipients, templates
from webapp.services.notifications.messages.outgoing import Message, write_all
from webapp.settings import Settings

KINDS = {
    "user.password": "staff.account.password",
    "user.reset": "staff.account.reset",
    "user.second_factor_on": "staff.account.app_on",
    "user.second_factor_off": "staff.account.app_off",
    "user.recovery_codes_renewed": "staff.account.recovery_codes",
    "user.passkey_added": "staff.account.passkey_added",
    "user.passkey_removed": "staff.account.passkey_removed",
    "user.passkey_suspended": "staff.account.passkey_suspended",
    "user.link_identity": "staff.account.identity_linked",
    "user.unlink_identity": "staff.account.identity_unlinked",
    "user.open_password": "staff.account.password_opened",
}
"""Which record is told, and by which words."""
SUBJECT = "audit"
_NEWS = timedelta(days=1)
_AT_ONCE = 100


def unannounced(session: Session, at: datetime, settings: Settings) -> list[tuple[Audit, User]]:
    """Changes that their person has not been told of, at most a hundred; none where no letter can be sent."""
    if not settings.smtp_url:
        return []
    written = exists().where(Delivery.subject_kind == SUBJECT, Delivery.subject_id == Audit.id)
    query = select(Audit, User).join(User, User.id == Audit.subject_id)
    news = (Audit.action.in_(KINDS), Audit.subject_kind == "user", Audit.at > at - _NEWS, ~User.demo, ~written)
    return [(record, user) for record, user in session.execute(query.where(*news).order_by(Audit.id).limit(_AT_ONCE))]


def write(session: Session, at: datetime, settings: Settings) -> int:
    """Write the letters that are due; two at once write one. Returns how many were due."""
    return write_all(session, _messages(unannounced(session, at, settings), settings), at)


def _messages(found: list[tuple[Audit, User]], settings: Settings) -> Iterator[Message]:
    for record, user in found:
        to = recipients.of_person(user.email, settings)
        if to is not None:
            kind = KINDS[record.action]
            text = templates.write(kind, _fields(record, user, settings), readers.of_person(user, settings))
            yield Message(f"audit-{record.id}", to, kind, (SUBJECT, record.id), text)


def _fields(record: Audit, user: User, settings: Settings) -> dict[str, Any]:
    changed = json.loads(record.after or record.before or "{}")
    by = phrase("you") if record.actor == f"user:{user.id}" else record.actor_name
    return {
        "maker": by,
        "since": record.at,
        "origin": payload_fields.after(phrase("from %(origin)s", origin=record.origin)) if record.origin else "",
        "passkey": changed.get("name", ""),
        "link": context.link(settings, "/profile/"),
    }
