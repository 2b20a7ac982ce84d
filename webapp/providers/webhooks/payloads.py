"""What a provider's webhook is about, in the desk's words, and how its body's parts are read."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class SubjectType(StrEnum):
    """What is to be looked at because of it."""

    PAYMENT = "payment"
    PAYOUT = "payout"
    REFUND = "refund"
    CHARGEBACK = "chargeback"
    TRANSFER = "transfer"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class WebhookPayload:
    """One webhook in the desk's words. `key` is the same for every repetition of it."""

    event: str
    key: str
    subject_type: SubjectType
    reference: str | None
    data: dict[str, Any]
    number: str = ""
    """The payment's number at the provider, where no reference of ours is named; a chargeback's own."""
    unreadable: str = ""
    """Why it could not be read, in a sentence."""


def text(body: dict[str, Any], key: str) -> str:
    """A text or a number, as a text of bounded length; empty for anything else."""
    found = body.get(key)
    return str(found)[:150] if isinstance(found, str | int) and not isinstance(found, bool) else ""


def first(body: dict[str, Any], *names: str) -> str:
    """The first of these that is there."""
    return next(filter(None, (text(body, name) for name in names)), "")


def part(body: dict[str, Any], key: str) -> dict[str, Any]:
    """An object in it; empty for anything else."""
    found = body.get(key)
    return found if isinstance(found, dict) else {}
