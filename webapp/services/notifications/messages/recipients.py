"""By which channel somebody is reached, given what is configured."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from webapp.domain.outbox.notify_urls import dialled, name_of, takes_phone
from webapp.domain.states import Channel
from webapp.models import Party
from webapp.settings import Settings


@dataclass(frozen=True, slots=True)
class Recipient:
    """One address by one channel."""

    channel: Channel
    address: str

    @property
    def lane(self) -> str:
        """What keeps the messages to this address in order."""
        return f"{self.channel}-{self.mark}"

    @property
    def mark(self) -> str:
        """The address, told apart from others without naming it."""
        return hashlib.sha256(self.address.lower().encode()).hexdigest()[:16]


def of_party(party: Party | None, settings: Settings) -> Recipient | None:
    """A party by email, else by telephone; None when neither is there or configured."""
    if party is None:
        return None
    if party.email and settings.smtp_url:
        return Recipient(Channel.EMAIL, party.email)
    number = dialled(party.phone or "")
    if number and any(takes_phone(url) for url in settings.notify_urls):
        return Recipient(Channel.SMS, number)
    return None


def of_person(email: str, settings: Settings) -> Recipient | None:
    """Somebody of ours by email."""
    return Recipient(Channel.EMAIL, email) if settings.smtp_url else None


def staff(settings: Settings) -> list[Recipient]:
    """The chats of NOTIFY_URLS."""
    return [Recipient(Channel.CHAT, name_of(url)) for url in settings.notify_urls if not takes_phone(url)]


def of_alerts(settings: Settings) -> list[Recipient]:
    """Where alerts go."""
    chats = [Recipient(Channel.CHAT, name_of(url)) for url in settings.alert_urls]
    return chats + [Recipient(Channel.EMAIL, email) for email in settings.alert_emails if settings.smtp_url]


def missing(settings: Settings) -> Iterator[str]:
    """The channels by which nobody can be reached, because they are not configured."""
    if not settings.smtp_url:
        yield Channel.EMAIL
    if not any(takes_phone(url) for url in settings.notify_urls):
        yield Channel.SMS
    if not staff(settings):
        yield Channel.CHAT
