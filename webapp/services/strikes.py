"""Guessing a password gets an account, and an address, locked for a while."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import case, delete
from sqlalchemy.orm import Session

from webapp.models import Strike
from webapp.sql import insert_new

WINDOW = timedelta(minutes=15)
PER_ACCOUNT, PER_ADDRESS = 5, 30
"""Failures within a window before the next attempt has to wait for its end."""


def take(session: Session, account: str, address: str, at: datetime) -> str | None:
    """Count an attempt before it is judged; a sentence when it may not be made. Commit either way."""
    session.execute(delete(Strike).where(Strike.since < at - WINDOW))
    ends = [_count(session, key, most, at) for key, most in _keys(account, address)]
    latest = max((end for end in ends if end), default=None)
    if latest is None:
        return None
    minutes = max(1, -(-(latest - at) // timedelta(minutes=1)))
    unit = "minute" if minutes == 1 else "minutes"
    return f"Too many failed sign-ins. Try again in {minutes} {unit}, or ask an administrator to reset your password."


def clear(session: Session, account: str, address: str) -> None:
    """The attempt was good: forget this account's failures, and this attempt at its address."""
    (account_key, _), (address_key, _) = _keys(account, address)
    session.execute(delete(Strike).where(Strike.key == account_key))
    row = session.get(Strike, address_key, with_for_update=True, populate_existing=True)
    if row is not None:
        row.failures = max(0, row.failures - 1)


def _count(session: Session, key: str, most: int, at: datetime) -> datetime | None:
    insert = insert_new(session, Strike).values(key=key, failures=1, since=at)
    old = Strike.since < at - WINDOW
    counted = insert.on_conflict_do_update(
        index_elements=["key"],
        set_={"failures": case((old, 1), else_=Strike.failures + 1), "since": case((old, at), else_=Strike.since)},
    ).returning(Strike.failures, Strike.since)
    failures, since = session.execute(counted).one()
    return since + WINDOW if failures > most else None


def _keys(account: str, address: str) -> tuple[tuple[str, int], tuple[str, int]]:
    known = hashlib.sha256(account.strip().lower().encode()).hexdigest()[:40]
    return (f"account:{known}", PER_ACCOUNT), (f"address:{address}", PER_ADDRESS)
