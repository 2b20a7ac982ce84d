"""Is what came in a provider's name from it? What the checks of the providers' packages share.

They look at the raw bytes and compare in constant time.
"""

import hmac
from collections.abc import Mapping, Sequence

from webapp.logs import get_logger

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


def accepted(secret: str, former: Sequence[str], name: str) -> list[bytes]:
    """The bytes of the secret, then of those that are still accepted while it is rotated. Raises as `required`."""
    return [required(secret, name), *(each.encode() for each in former)]


def compare(wanted: str, given: str | None) -> None:
    """Raise NotSigned unless both are the same, in constant time."""
    compare_any([wanted], given, "")


def compare_any(wanted: Sequence[str], given: str | None, name: str) -> None:
    """Raise NotSigned unless it is one of these, the present one first; every one is compared, in constant time.

    That a former one was used is logged under the `name` of its setting: it is not to be taken away yet.
    """
    if given is None:
        raise NotSigned("It has no signature.")
    same = [hmac.compare_digest(each.encode(), given.encode()) for each in wanted]
    if not any(same):
        raise NotSigned("Its signature is wrong.")
    if not same[0]:
        get_logger().info("webhook.signed_by_former_secret", setting=name)
