"""Paystack's transfers: what was queued is not paid, and what its refusals of one mean for it and for the others."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from webapp.domain.providers.provider_results import ProviderResponse, ProviderStatus
from webapp.providers.http.errors import CallFailed, NotDone, PayoutsHeld, RecipientUnknown
from webapp.providers.protocols import Destination

STATUSES = {
    "success": ProviderStatus.SUCCEEDED,
    "failed": ProviderStatus.FAILED,
    "abandoned": ProviderStatus.FAILED,
    "blocked": ProviderStatus.FAILED,
    "rejected": ProviderStatus.FAILED,
    "reversed": ProviderStatus.REVERSED,
}
OTP = "otp"
_ALL_WAIT = ("insufficient_balance", "transfer_unavailable")
_ALL_WAIT_MESSAGES = ("balance is not enough", "starter business", "ip address is not allowed")
_UNKNOWN_RECIPIENT = "invalid_transfer_recipient"


def as_queued(seen: ProviderResponse) -> ProviderResponse:
    """The answer to sending one, whatever its status says: only verify tells how it ends."""
    return replace(seen, status=ProviderStatus.PENDING)


def for_people(seen: ProviderResponse, status: str) -> ProviderResponse:
    """With a word for what only people can do."""
    if status != OTP:
        return seen
    sentence = "Paystack waits for a one-time password (OTP) that somebody has to type in its dashboard."
    return replace(seen, needs_person=True, message=sentence)


def classified(failure: CallFailed) -> CallFailed:
    """What did not send one transfer, told apart by whether it would send another."""
    if not isinstance(failure, NotDone):
        return failure
    message, known = failure.sentence.lower(), _known(failure)
    if failure.code in _ALL_WAIT or any(each in message for each in _ALL_WAIT_MESSAGES):
        return PayoutsHeld(failure.sentence, **known)
    return RecipientUnknown(failure.sentence, **known) if failure.code == _UNKNOWN_RECIPIENT else failure


def _known(failure: CallFailed) -> Mapping[str, Any]:
    return {"status": failure.status, "code": failure.code}


def recipient_body(destination: Destination) -> dict[str, str]:
    """How a bank or mobile account is made known."""
    body = {
        "type": destination.kind,
        "name": destination.account_name,
        "account_number": destination.account_number,
        "bank_code": destination.bank_code,
        "currency": destination.currency,
    }
    return body | ({"account_reference": destination.account_reference} if destination.account_reference else {})
