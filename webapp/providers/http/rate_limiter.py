"""How often all processes together call one provider: counted in Redis, in this process while Redis is away."""

import random
import time
from functools import cached_property
from threading import Lock

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

from webapp.providers.http.errors import NotSent
from webapp.settings_parts import redis_address

_SHORTEST, _LONGEST = 0.01, 1.0
_TRUSTED_AFTER = 10.0
"""Seconds: bounds of one wait for a turn, and how long Redis is left alone after it failed."""


class RateLimiter:
    """Turns of one provider."""

    def __init__(self, provider: str, per_minute: int, redis_address: str) -> None:
        self._provider, self._item = provider, _item(per_minute)
        self._redis_address = redis_address
        self._alone_until = 0.0
        self._one_at_a_time = Lock()

    def wait(self, seconds: float) -> None:
        """Wait for a turn. Raises NotSent when none comes within so many seconds."""
        ends = time.monotonic() + seconds
        while not self._hit():
            if time.monotonic() > ends:
                raise NotSent(f"{self._provider} is asked as often as it may be; this waits for its turn.")
            time.sleep(random.uniform(_SHORTEST, _LONGEST / 5))

    @cached_property
    def _shared(self) -> FixedWindowRateLimiter:
        return FixedWindowRateLimiter(_storage(self._redis_address))

    @cached_property
    def _own(self) -> FixedWindowRateLimiter:
        """Made when Redis is away: its storage has a thread of its own, which most never need."""
        return FixedWindowRateLimiter(MemoryStorage())

    def _hit(self) -> bool:
        if time.monotonic() > self._alone_until:
            try:
                return self._shared.hit(self._item, "provider", self._provider)
            except RedisError:
                self._alone_until = time.monotonic() + _TRUSTED_AFTER
        with self._one_at_a_time:
            return self._own.hit(self._item, "provider", self._provider)


def _item(per_minute: int) -> RateLimitItem:
    """Many a minute are spread over its seconds."""
    return RateLimitItemPerSecond(per_minute // 60) if per_minute >= 60 else RateLimitItemPerMinute(per_minute)


def _storage(address: str) -> Storage:
    url, options = redis_address.of_limits(address, socket_connect_timeout=1, socket_timeout=1)
    found: Storage = storage_from_string(url, **options)  # type: ignore[assignment]
    return found
