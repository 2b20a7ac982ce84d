"""Whether each provider takes the desk's key: asked about a payment that nobody made, which changes nothing there."""

from dataclasses import dataclass

from webapp.providers.http.errors import CallFailed, KeyRefused
from webapp.providers.protocols import KeyChecker, PaymentCollector

_NOBODYS = "desk-key-check"


@dataclass(frozen=True, slots=True)
class KeyFinding:
    """What one provider answered. `is_taken` is None when it was not asked to the end: nothing is known of the key."""

    name: str
    is_taken: bool | None
    sentence: str


def check_key(provider: PaymentCollector) -> KeyFinding:
    """Ask by a call that needs the key, as the desk asks about payments."""
    try:
        if isinstance(provider, KeyChecker):
            provider.check_key()
        provider.fetch_payment(_NOBODYS)
    except KeyRefused as refused:
        return KeyFinding(provider.name, False, refused.sentence)
    except CallFailed as failure:
        unknown = f"{failure.sentence} Whether {provider.name} takes our key is unknown."
        return KeyFinding(provider.name, None, unknown)
    return KeyFinding(provider.name, True, f"{provider.name} takes our key.")
