"""Redis as a hint: it is never waited for, and left alone for a while when it did not answer."""

import time
from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

from redis import Redis
from redis.exceptions import RedisError

Value = TypeVar("Value")
_WAITS, _AWAY = 0.25, 30.0
"""Seconds: how long Redis may take to answer, and for how long it is left alone when it did not."""


class UnawaitedRedis:
    """`connect` makes the connection, when it is first needed, with the seconds that an answer may take."""

    def __init__(self, connect: Callable[[float], Redis]) -> None:
        self._connect = connect
        self._away_until = 0.0

    @cached_property
    def client(self) -> Redis:
        """The connection itself, for who wants to hear what is the matter."""
        return self._connect(_WAITS)

    def tried(self, act: Callable[[Redis], Value]) -> Value | None:
        """What Redis answers; None while it is away."""
        if time.monotonic() < self._away_until:
            return None
        try:
            return act(self.client)
        except RedisError:
            self._away_until = time.monotonic() + _AWAY
            return None
