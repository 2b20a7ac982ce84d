"""Addresses of Apprise. They hold secrets, so people read the service and a digest. Pure."""

import hashlib
from urllib.parse import quote

PHONE = "{phone}"
_ESCAPED = "%7Bphone%7D"


def name_of(url: str) -> str:
    """What an address of Apprise is called where people read: `slack-1f2e3d4c`."""
    return f"{url.partition(':')[0]}-{hashlib.sha256(url.encode()).hexdigest()[:8]}"


def takes_phone(url: str) -> bool:
    """Whether it is for short messages to one person."""
    return PHONE in url or _ESCAPED in url


def dialled(phone: str) -> str | None:
    """A telephone number in digits, with a plus where it had one; None when it can't be one."""
    digits = "".join(c for c in phone if c.isascii() and c.isdigit())
    return ("+" if phone.strip().startswith("+") else "") + digits if 6 <= len(digits) <= 15 else None


def dialling(url: str, number: str) -> str:
    """The address with this number in the place of the telephone's."""
    return url.replace(PHONE, quote(number)).replace(_ESCAPED, quote(number))
