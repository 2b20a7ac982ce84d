"""Whether Blnk is up, takes the desk's key, and lets that key do what the desk does. Nothing is changed there.

`GET /health` needs no key, so it says nothing of one. A key with scopes may read and write by kind of thing, and a
filter is a POST, which is writing to Blnk.
"""

from dataclasses import dataclass

from webapp.providers.blnk.provider import Blnk
from webapp.providers.http.errors import CallFailed, KeyRefused

_KINDS = ("ledgers", "balances", "transactions")
SCOPES = tuple(f"{kind}:{action}" for kind in _KINDS for action in ("read", "write"))
"""What the desk's key has to have; the master key has everything."""
_INSUFFICIENT = "AUTH_INSUFFICIENT_PERMISSIONS"


@dataclass(frozen=True, slots=True)
class BlnkHealth:
    """How it stands, in a sentence, and what to do when that is not well."""

    is_well: bool
    sentence: str
    do: str = ""


def check_health(blnk: Blnk) -> BlnkHealth:
    """Ask it with the key."""
    try:
        health = blnk.health()
        lacking = [scope for scope in SCOPES if not _may(blnk, scope)]
    except KeyRefused as refused:
        return BlnkHealth(
            False, refused.sentence, "Set BLNK_API_KEY to Blnk's server.secret_key, or to a key that it made."
        )
    except CallFailed as failure:
        return BlnkHealth(False, failure.sentence, "Check BLNK_URL, and that Blnk runs.")
    if health != "UP":
        return BlnkHealth(False, f"Blnk says {health or 'nothing of itself'}.", "Look at Blnk's log.")
    if lacking:
        scopes = ", ".join(lacking)
        return BlnkHealth(
            False, f"Blnk's key lacks the scopes {scopes}.", "Make a key with them: POST /api-keys at Blnk."
        )
    return BlnkHealth(True, "Blnk is up and takes the key.")


def _may(blnk: Blnk, scope: str) -> bool:
    """Whether the key has this scope. Raises CallFailed, KeyRefused for a key that is no key there."""
    kind, _, action = scope.partition(":")
    try:
        blnk.probe(kind, reads=action == "read")
    except KeyRefused as refused:
        if refused.code == _INSUFFICIENT:
            return False
        raise
    return True
