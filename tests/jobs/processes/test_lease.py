"""The scheduler's lease in Redis: one at a time, renewed and given up by its owner alone."""

from typing import Any

import fakeredis

from webapp.jobs.processes.lease import RedisLease

KEY = "lease"


def leases(redis: Any, count: int = 2) -> list[RedisLease]:
    return [RedisLease(redis, KEY, 10) for _ in range(count)]


def test_one_has_it_until_it_is_given_up() -> None:
    one, other = leases(fakeredis.FakeRedis())
    assert (one.take(), other.take(), one.take()) == (True, False, True)
    one.give_up()
    assert (other.take(), one.take()) == (True, False)


def test_nobody_gives_up_or_renews_what_is_anothers() -> None:
    redis = fakeredis.FakeRedis()
    one, other = leases(redis)
    assert one.take()
    redis.pexpire(KEY, 5_000)
    other.give_up()
    assert not other.take()
    assert 0 < redis.pttl(KEY) <= 5_000
    assert one.take()
    assert redis.pttl(KEY) > 5_000
