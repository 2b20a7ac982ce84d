"""Letters to those who are invited. Until one is sent its link opens nothing: the secret is made by who sends it."""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.models import OneTimeLink
from webapp.services.common import readers
from webapp.services.notifications.messages import context, recipients, templates
from webapp.services.notifications.messages.outgoing import Message, write_all
from webapp.services.users.one_time_links import WITHOUT_SECRET
from webapp.settings import Settings

KIND = "staff.invitation"
PATH = "/invitation"


def write(session: Session, link: OneTimeLink, nonce: str, settings: Settings, *, at: datetime) -> bool:
    """Write the letter to who is invited; whether letters can be sent from here."""
    to = recipients.of_person(link.email or "", settings)
    if to is None:
        return False
    fields = {
        "maker": link.made_by,
        "until": link.expires_at,
        "link": context.link(settings, f"{PATH}{WITHOUT_SECRET}{nonce}"),
    }
    text = templates.write(KIND, fields, readers.of_desk(settings))
    write_all(session, [Message(f"invitation-{nonce[:20]}", to, KIND, ("invitation", link.id), text)], at)
    return True
