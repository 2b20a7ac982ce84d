"""Figures that are kept ready in Redis: read where they are young enough, asked of the database where not.

Redis is a hint: nothing is decided by what is found there, and a page that does not find it asks. It is never waited
for: after a failure this process asks the database alone for a while.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.orm import Session

from webapp import clock

Value = TypeVar("Value")
KEPT_FOR = timedelta(minutes=15)
"""A little longer than from one filling to the next."""
_WAITS, _AWAY = 0.25, 30.0
"""Seconds: how long Redis may take to answer, and for how long it is left alone when it did not."""
_KEY = "desk:figures:1:"


@dataclass(frozen=True)
class CachedFigure(Generic[Value]):
    """A figure under a name that says all that it depends on but time: how it is asked, and its shape."""

    name: str
    ask: Callable[[Session, datetime], Value]
    shape: TypeAdapter[Value]
    kept_for: timedelta = KEPT_FOR


@dataclass(frozen=True, slots=True)
class Answer(Generic[Value]):
    """A figure, when it was asked of the database, and whether that was for somebody else."""

    value: Value
    at: datetime
    is_kept: bool


class FigureCache:
    """What is kept ready. `redis` makes the connection, when it is first needed."""

    def __init__(self, redis: Callable[[float], Redis]) -> None:
        self._connect = redis
        self._away_until = 0.0

    @cached_property
    def _redis(self) -> Redis:
        return self._connect(_WAITS)

    def read(
        self, figure: CachedFigure[Value], session: Session, at: datetime, *, since: datetime | None = None
    ) -> Answer[Value]:
        """The figure as it was asked no longer ago than it is kept, and after `since`; else as it is now."""
        ready = self.ready(figure, at, since=since)
        if ready is not None:
            return ready
        value = figure.ask(session, at)
        self._keep(figure, value, at)
        return Answer(value, at, is_kept=False)

    def ready(
        self, figure: CachedFigure[Value], at: datetime, *, since: datetime | None = None
    ) -> Answer[Value] | None:
        """The figure as it was asked no longer ago than it is kept, and after `since`; None where it is not there."""
        kept = self._kept(figure)
        if kept is not None and at - figure.kept_for < kept.at <= at and (since is None or kept.at > since):
            return kept
        return None

    def fill(self, figure: CachedFigure[Value], session: Session, at: datetime) -> None:
        """Ask now, and keep it. Raises RedisError."""
        self._write(figure, figure.ask(session, at), at)

    def has(self, figure: CachedFigure[Value]) -> bool:
        """Whether it is kept. Raises RedisError."""
        return bool(self._redis.exists(_KEY + figure.name))

    def _kept(self, figure: CachedFigure[Value]) -> Answer[Value] | None:
        found = self._tried(lambda: self._redis.get(_KEY + figure.name))
        if found is None:
            return None
        instant, _, text = found.partition(b" ")
        try:
            return Answer(figure.shape.validate_json(text), clock.from_iso(instant.decode()), is_kept=True)
        except (ValidationError, ValueError):
            return None  # Another version of the desk wrote it, or somebody else.

    def _keep(self, figure: CachedFigure[Value], value: Value, at: datetime) -> None:
        self._tried(lambda: self._write(figure, value, at))

    def _write(self, figure: CachedFigure[Value], value: Value, at: datetime) -> None:
        text = clock.iso(at).encode() + b" " + figure.shape.dump_json(value)
        self._redis.set(_KEY + figure.name, text, ex=figure.kept_for)

    def _tried(self, act: Callable[[], Any]) -> Any:
        """What Redis answers; None while it is away."""
        if time.monotonic() < self._away_until:
            return None
        try:
            return act()
        except RedisError:
            self._away_until = time.monotonic() + _AWAY
            return None
