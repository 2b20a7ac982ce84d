"""A lease in Redis that only its owner renews or gives up."""

import secrets

from redis import Redis

_RENEW = (
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) else return 0 end"
)
_GIVE_UP = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end"


class RedisLease:
    """One key, held under a token of our own."""

    def __init__(self, redis: Redis, key: str, seconds: int) -> None:
        self._redis, self._key, self._milliseconds = redis, key, seconds * 1000
        self._token = secrets.token_hex(16)

    def take(self) -> bool:
        """Renew the lease if it is ours, or take it if it is free."""
        if self._redis.eval(_RENEW, 1, self._key, self._token, self._milliseconds):
            return True
        return bool(self._redis.set(self._key, self._token, px=self._milliseconds, nx=True))

    def give_up(self) -> None:
        """Let go of it, if it is ours."""
        self._redis.eval(_GIVE_UP, 1, self._key, self._token)
