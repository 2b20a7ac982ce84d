"""Who has a dispute open at this moment, in whichever process their page is served: kept in Redis for half a minute."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from redis import Redis

from webapp.domain.numbers import parse_whole
from webapp.settings_parts.unawaited_redis import UnawaitedRedis

SEEN_FOR = timedelta(seconds=30)
"""How long after their page was heard of last somebody counts as there."""
MOST = 10
_KEY = "desk:presence:1:dispute:"


class Presence:
    """A hint: nothing is decided by it, and while Redis is away nobody is said to be there."""

    def __init__(self, redis: Callable[[float], Redis]) -> None:
        self._redis = UnawaitedRedis(redis)

    def others(self, dispute_id: int, user_id: int, at: datetime) -> list[int]:
        """Note that this person has the dispute open, and say who else has: their ids, the latest first, a few."""
        found = self._redis.tried(lambda redis: _met(redis, f"{_KEY}{dispute_id}", user_id, at)) or []
        ids = [parse_whole(member.decode("utf-8", "replace")) for member in found]
        return [person for person in ids if person is not None and person != user_id][:MOST]


def _met(redis: Redis, key: str, user_id: int, at: datetime) -> list[bytes]:
    with redis.pipeline(transaction=False) as pipe:
        pipe.zadd(key, {str(user_id): at.timestamp()})
        pipe.zremrangebyscore(key, "-inf", (at - SEEN_FOR).timestamp())
        pipe.expire(key, SEEN_FOR)
        pipe.zrevrange(key, 0, MOST)
        answers: list[Any] = pipe.execute()
    return list(answers[-1])
