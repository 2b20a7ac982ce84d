"""A circuit breaker whose state is a row of the database: every process sees the same, and so do people.

A library's breaker holds a lock of its process while a call is under way, which would line parallel calls up.
"""

import threading
import time
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from webapp import clock
from webapp.db import Database
from webapp.domain.numbers import counted
from webapp.logs import get_logger
from webapp.models import ProviderState
from webapp.providers.http.errors import NotSent
from webapp.sql import insert_new

FAILURES = 5
"""So many in a row open the circuit."""
PAUSE = timedelta(seconds=30)
"""How long an open circuit lets nothing through; then one call tries."""
_SEEN_FOR = 1.0
_WELL_EVERY = timedelta(seconds=60)
_LONGEST = 300


class CircuitBreaker:
    """The circuit of one provider. Use it outside transactions only: it writes in transactions of its own."""

    def __init__(self, db: Database, provider: str) -> None:
        self._db, self._provider = db, provider
        self._lock = threading.Lock()
        self._seen: ProviderState | None = None
        self._seen_at = self._reported_at = float("-inf")

    def ensure_closed(self) -> None:
        """Raise NotSent while the circuit is open. After its pause one caller is let through to try."""
        state = self._state()
        if state is None or state.opened_at is None:
            return
        ends = state.opened_at + PAUSE
        now = clock.now()
        if now < ends or not self._is_mine_to_try(state.opened_at, now):
            wait = max(1.0, (ends - now).total_seconds())
            raise NotSent(
                f"{self._provider} failed {counted(state.failures, 'time')} in a row, so it is left alone a moment.",
                retry_after=wait,
            )

    def record_success(self) -> None:
        """A call was answered."""
        state, now = self._state(), clock.now()
        fresh = state is not None and state.last_ok_at is not None and now - state.last_ok_at < _WELL_EVERY
        if state is not None and fresh and not state.failures and state.opened_at is None:
            return
        is_known_ill = state is not None and (state.failures > 0 or state.opened_at is not None)
        if is_known_ill or self._is_first_to_say():
            self._write(failures=0, opened_at=None, last_ok_at=now)

    def record_failure(self, sentence: str) -> None:
        """A call was not answered, or with rubbish."""
        now = clock.now()
        failures = ProviderState.failures + 1
        opened = case((failures >= FAILURES, now), else_=ProviderState.opened_at)
        self._write(failures=failures, opened_at=opened, last_failure_at=now, last_error=sentence[:_LONGEST])

    def _is_first_to_say(self) -> bool:
        """Of many calls that went well at once while all was well, one says so."""
        with self._lock:
            if time.monotonic() - self._reported_at < _SEEN_FOR:
                return False
            self._reported_at = time.monotonic()
            return True

    def _state(self) -> ProviderState | None:
        with self._lock:
            if time.monotonic() - self._seen_at > _SEEN_FOR:
                self._seen, self._seen_at = self._read(), time.monotonic()
            return self._seen

    def _read(self) -> ProviderState | None:
        try:
            with self._db.reading() as session:
                return session.get(ProviderState, self._provider)
        except DBAPIError:
            return None

    def _is_mine_to_try(self, seen: datetime, now: datetime) -> bool:
        """Whoever moves the opening on may try; the others wait for what comes of it."""
        mine = (ProviderState.provider == self._provider, ProviderState.opened_at == seen)
        try:
            with self._db.transaction() as session:
                moved = update(ProviderState).where(*mine).values(opened_at=now).returning(ProviderState.provider)
                won = session.execute(moved.execution_options(synchronize_session=False)).one_or_none() is not None
        except DBAPIError:
            return False
        self._forget()
        return won

    def _write(self, **values: Any) -> None:
        try:
            with self._db.transaction() as session:
                _ensure(session, self._provider)
                changed = update(ProviderState).where(ProviderState.provider == self._provider).values(**values)
                session.execute(changed.execution_options(synchronize_session=False))
        except DBAPIError as problem:
            get_logger().warning("provider.state_not_kept", provider=self._provider, problem=type(problem).__name__)
        self._forget()

    def _forget(self) -> None:
        with self._lock:
            self._seen_at = float("-inf")


def _ensure(session: Session, provider: str) -> None:
    if session.scalars(select(ProviderState.provider).where(ProviderState.provider == provider)).one_or_none() is None:
        session.execute(
            insert_new(session, ProviderState).values(provider=provider, failures=0).on_conflict_do_nothing()
        )
