"""Is what came in a provider's name from it? What the checks of the providers' packages share.

They look at the raw bytes and compare in constant time.
"""

import hmac
from collections.abc import Mapping

Headers = Mapping[str, str]


class NotSigned(Exception):
    """It is not from the provider, or can't be told to be. The message is a sentence."""

    def __init__(self, sentence: str, *, counted_as: str = "") -> None:
        super().__init__(sentence)
        self.counted_as = counted_as
        """Under which name it is counted, when that is not its provider's."""


def required(secret: str, name: str) -> bytes:
    """The secret's bytes. Raises NotSigned when the variable of this name is not set."""
    if not secret:
        raise NotSigned(f"{name} is not set, so nothing in this provider's name can be believed.")
    return secret.encode()


def compare(wanted: str, given: str | None) -> None:
    """Raise NotSigned unless both are the same, in constant time."""
    if given is None:
        raise NotSigned("It has no signature.")
    if not hmac.compare_digest(wanted.encode(), given.encode()):
        raise NotSigned("Its signature is wrong.")
