"""Telling the answer of a process that holds a claim from that of one that has lost it."""

from dataclasses import dataclass

from webapp.domain.providers.provider_results import ProviderResponse, ProviderResult, ProviderStatus
from webapp.domain.words import phrase

TAKEN_OVER = phrase("Another process has taken it over meanwhile.")


@dataclass(frozen=True, slots=True)
class Claim:
    """A row as it was when a process took it. Taking it raises `attempts`, which never falls."""

    status: str
    attempts: int


def counts(result: ProviderResult, claim: Claim | None, now: Claim) -> bool:
    """Whether an answer may be settled on a row as it is now: its claim still stands, or it is the provider's truth.

    What a provider says of one reference is true whoever asked. That it never heard of it, refused, or was silent says
    something about one call only.
    """
    return (
        claim is None
        or claim == now
        or (isinstance(result, ProviderResponse) and result.status != ProviderStatus.ABSENT)
    )
