"""Guessing gets whoever guesses locked for a while, and nobody else.

Each purpose is counted by itself: guessing at a sign-in closes no open session. A browser that signed in to the account
before, and a session that is open, have counters of their own, so that strangers can't lock them out. An address that
fails often may be a proxy with everybody behind it: it is never locked, it only gets one guess at an account, not five.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import case, delete
from sqlalchemy.orm import Session

from webapp.domain.numbers import counted
from webapp.domain.words import phrase
from webapp.models import FailedLogin
from webapp.sql import insert_new

WINDOW = timedelta(minutes=15)
PER_GUESSER, PER_ADDRESS = 5, 30
"""Failures within a window before the next attempt has to wait for its end, or is watched more closely."""
_PER_ACCOUNT_IN_A_CROWD = 1


class Purpose(StrEnum):
    """What is guessed at."""

    PASSWORD = "password"  # noqa: S105
    CODE = "code"
    AGAIN = "again"
    PROVIDER = "provider"
    """Coming back from the identity provider: nothing can be guessed there, but each return is a call to it."""
    LINK = "link"
    """Opening a one-time link: nothing can be guessed there either, but whoever tries is counted."""


_BY_ADDRESS = frozenset({Purpose.PROVIDER, Purpose.LINK})
"""What is tried at no account: it counts for the address that it comes from."""


@dataclass(frozen=True, slots=True)
class Guesser:
    """Who tries: an open session of the account, a browser it signed in with before, or a stranger at an address."""

    account: str
    address: str
    known_as: str | None = None
    """`session:7` or `device:…`: what no stranger has."""


def register_attempt(session: Session, purpose: Purpose, guesser: Guesser, at: datetime) -> str | None:
    """Count an attempt before it is judged; a sentence when it may not be made. Commit either way."""
    session.execute(delete(FailedLogin).where(FailedLogin.since < at - WINDOW))
    failures, since = _count(session, _key(purpose, guesser), at)
    if failures <= (PER_ADDRESS if purpose in _BY_ADDRESS else _most(session, guesser, at)):
        return None
    minutes = max(1, -(-(since + WINDOW - at) // timedelta(minutes=1)))
    wait = counted(minutes, "minute")
    if purpose == Purpose.AGAIN:
        return phrase(
            "Too many wrong passwords or codes. Try again in %(wait)s; you stay signed in.",
            wait=wait,
        )
    if purpose in _BY_ADDRESS:
        return phrase("Too many failed sign-ins from here. Try again in %(wait)s.", wait=wait)
    return phrase(
        "Too many failed sign-ins. Try again in %(wait)s, or ask an administrator to reset your password.",
        wait=wait,
    )


def reset(session: Session, purpose: Purpose, guesser: Guesser) -> None:
    """The attempt was good: forget the failures before it, and this attempt at its address."""
    session.execute(delete(FailedLogin).where(FailedLogin.key == _key(purpose, guesser)))
    if guesser.known_as is None:
        row = session.get(FailedLogin, _address_key(guesser), with_for_update=True, populate_existing=True)
        if row is not None:
            row.failures = max(0, row.failures - 1)


def fingerprint(account: str) -> str:
    """What an account's address is counted under: the address itself is not kept."""
    return hashlib.sha256(account.strip().lower().encode()).hexdigest()[:40]


def _most(session: Session, guesser: Guesser, at: datetime) -> int:
    if guesser.known_as is not None:
        return PER_GUESSER
    failures, _since = _count(session, _address_key(guesser), at)
    return _PER_ACCOUNT_IN_A_CROWD if failures > PER_ADDRESS else PER_GUESSER


def _count(session: Session, key: str, at: datetime) -> tuple[int, datetime]:
    insert = insert_new(session, FailedLogin).values(key=key, failures=1, since=at)
    old = FailedLogin.since < at - WINDOW
    counted = insert.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "failures": case((old, 1), else_=FailedLogin.failures + 1),
            "since": case((old, at), else_=FailedLogin.since),
        },
    ).returning(FailedLogin.failures, FailedLogin.since)
    failures, since = session.execute(counted).one()
    return failures, since


def _key(purpose: Purpose, guesser: Guesser) -> str:
    return f"{purpose}:{guesser.known_as or 'account'}:{fingerprint(guesser.account)}"


def _address_key(guesser: Guesser) -> str:
    return f"address:{guesser.address}"
