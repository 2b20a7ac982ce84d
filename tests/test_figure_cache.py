"""Figures that are kept ready: young ones are found, and whatever is the matter with Redis the database is asked."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import fakeredis
import pytest
from pydantic import TypeAdapter
from redis.exceptions import ConnectionError as RedisDown
from redis.exceptions import RedisError

from webapp.figure_cache import CachedFigure, FigureCache

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ANY: Any = None


@pytest.fixture
def redis() -> fakeredis.FakeRedis:
    return fakeredis.FakeRedis()


def counting() -> CachedFigure[int]:
    """How often it was asked."""
    asked = count(1)
    return CachedFigure("asked", lambda _session, _at: next(asked), TypeAdapter(int))


def later(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def test_a_young_figure_is_found_and_an_old_one_asked_again(redis: fakeredis.FakeRedis) -> None:
    cache, figure = FigureCache(lambda _seconds: redis), counting()
    first = cache.read(figure, ANY, NOW)
    assert (first.value, first.at, first.is_kept) == (1, NOW, False)
    found = cache.read(figure, ANY, later(14))
    assert (found.value, found.at, found.is_kept) == (1, NOW, True)
    assert cache.read(figure, ANY, later(15)).value == 2
    assert redis.ttl("desk:figures:1:asked") <= 900


def test_what_was_asked_before_a_readers_change_is_not_shown(redis: fakeredis.FakeRedis) -> None:
    cache, figure = FigureCache(lambda _seconds: redis), counting()
    cache.read(figure, ANY, NOW)
    assert cache.read(figure, ANY, later(2), since=later(1)).value == 2
    assert cache.read(figure, ANY, later(3), since=later(1)).is_kept
    assert cache.read(figure, ANY, later(4), since=later(2)).value == 3, "at the very instant is not after it"


def test_a_figure_of_a_clock_that_is_ahead_is_not_shown(redis: fakeredis.FakeRedis) -> None:
    cache, figure = FigureCache(lambda _seconds: redis), counting()
    cache.read(figure, ANY, later(60))
    assert cache.read(figure, ANY, NOW).value == 2


@pytest.mark.parametrize(
    "kept", [b"", b"1", b"2026-11-28T11:59:00Z", b"2026-11-28T11:59:00Z many", b"\xff 7", b"then 7"]
)
def test_what_nobody_can_read_is_asked(redis: fakeredis.FakeRedis, kept: bytes) -> None:
    redis.set("desk:figures:1:asked", kept)
    assert FigureCache(lambda _seconds: redis).read(counting(), ANY, NOW).value == 1


class Broken:
    """A Redis that is away, and counts who comes."""

    def __init__(self) -> None:
        self.asked = 0

    def get(self, _name: str, *_more: Any, **_options: Any) -> Any:
        self.asked += 1
        raise RedisDown("away")

    set = exists = get


@pytest.fixture
def clock_of_breaks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds by which it is judged how long Redis is left alone."""
    seconds = [1_000.0]
    monkeypatch.setattr("webapp.settings_parts.unawaited_redis.time.monotonic", lambda: seconds[0])
    return seconds


def test_a_redis_that_is_away_is_left_alone_for_a_while(clock_of_breaks: list[float]) -> None:
    broken: Any = Broken()
    cache, figure = FigureCache(lambda _seconds: broken), counting()
    assert [cache.read(figure, ANY, NOW).value for _reading in range(3)] == [1, 2, 3]
    assert broken.asked == 1
    clock_of_breaks[0] += 31
    cache.read(figure, ANY, NOW)
    assert broken.asked == 2
    with pytest.raises(RedisError):
        cache.has(figure)
    with pytest.raises(RedisError):
        cache.fill(figure, ANY, NOW)
