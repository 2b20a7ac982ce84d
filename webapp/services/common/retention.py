"""What goes each night, for there is much of it: keys of answered writes, challenges that nobody signed."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from webapp.models import Idempotency, PasskeyChallenge
from webapp.services.common.idempotency import RETENTION

AT_ONCE = 5_000


def purge_expired(session: Session, at: datetime) -> int:
    """Remove up to 5,000 of each kind; returns how many."""
    keys = select(Idempotency.key).where(Idempotency.at < at - RETENTION).order_by(Idempotency.at).limit(AT_ONCE)
    old = Idempotency.at < at - RETENTION
    unsigned = select(PasskeyChallenge.challenge).where(PasskeyChallenge.expires_at < at).limit(AT_ONCE)
    return _removed(session, Idempotency.key, keys, old) + _removed(session, PasskeyChallenge.challenge, unsigned)


def _removed(session: Session, column: Any, which: Select[Any], *also: Any) -> int:
    statement = delete(column.class_).where(column.in_(which), *also).execution_options(synchronize_session=False)
    result = session.execute(statement)
    return result.rowcount if isinstance(result, CursorResult) else 0
