"""Figures that are kept ready in Redis: read where they are young enough, asked of the database where not.

Redis is a hint: nothing is decided by what is found there, and a page that does not find it asks. It is never waited
for: after a failure this process asks the database alone for a while.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from redis import Redis
from sqlalchemy.orm import Session

from webapp import clock
from webapp.settings_parts.unawaited_redis import UnawaitedRedis

Value = TypeVar("Value")
KEPT_FOR = timedelta(minutes=15)
"""A little longer than from one filling to the next."""
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
        self._redis = UnawaitedRedis(redis)

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
        return bool(self._redis.client.exists(_KEY + figure.name))

    def _kept(self, figure: CachedFigure[Value]) -> Answer[Value] | None:
        found: Any = self._redis.tried(lambda redis: redis.get(_KEY + figure.name))
        if found is None:
            return None
        instant, _, text = found.partition(b" ")
        try:
            return Answer(figure.shape.validate_json(text), clock.from_iso(instant.decode()), is_kept=True)
        except (ValidationError, ValueError):
            return None  # Another version of the desk wrote it, or somebody else.

    def _keep(self, figure: CachedFigure[Value], value: Value, at: datetime) -> None:
        self._redis.tried(lambda _redis: self._write(figure, value, at))

    def _write(self, figure: CachedFigure[Value], value: Value, at: datetime) -> None:
        text = clock.iso(at).encode() + b" " + figure.shape.dump_json(value)
        self._redis.client.set(_KEY + figure.name, text, ex=figure.kept_for)
