"""Who has a case open: of this case, for half a minute, and nobody while Redis is away."""

from datetime import timedelta
from typing import Any

import fakeredis
import pytest
from redis.exceptions import ConnectionError as RedisDown

from tests.support.market import NOW
from webapp.services.disputes.presence import SEEN_FOR, Presence

AMINA, BOSCO, CHIKA = 1, 2, 3


@pytest.fixture
def server() -> fakeredis.FakeServer:
    return fakeredis.FakeServer()


def process(server: fakeredis.FakeServer) -> Presence:
    """As another process would have it, on the same Redis."""
    return Presence(lambda _seconds: fakeredis.FakeRedis(server=server))


def test_each_sees_the_others_of_the_case_in_whichever_process(server: fakeredis.FakeServer) -> None:
    one, other = process(server), process(server)
    assert one.others(7, AMINA, NOW) == []
    assert other.others(7, BOSCO, NOW) == [AMINA]
    assert one.others(7, AMINA, NOW) == [BOSCO]
    assert other.others(8, CHIKA, NOW) == []


def test_who_is_not_heard_of_any_more_is_not_there(server: fakeredis.FakeServer) -> None:
    presence = process(server)
    presence.others(7, AMINA, NOW)
    later = NOW + SEEN_FOR
    assert presence.others(7, BOSCO, later - timedelta(seconds=1)) == [AMINA]
    assert presence.others(7, BOSCO, later) == []


def test_nothing_of_it_stays(server: fakeredis.FakeServer) -> None:
    process(server).others(7, AMINA, NOW)
    redis = fakeredis.FakeRedis(server=server)
    (key,) = redis.keys("*")
    assert 0 < redis.ttl(key) <= SEEN_FOR.total_seconds()


def test_what_somebody_else_wrote_there_is_nobody(server: fakeredis.FakeServer) -> None:
    presence = process(server)
    presence.others(7, AMINA, NOW)
    redis = fakeredis.FakeRedis(server=server)
    (key,) = redis.keys("*")
    redis.zadd(key, {"\xff": NOW.timestamp(), "-1": NOW.timestamp(), "9" * 30: NOW.timestamp()})
    assert presence.others(7, BOSCO, NOW) == [AMINA]


class Away:
    """A Redis that does not answer, and counts who comes."""

    def __init__(self) -> None:
        self.asked = 0

    def pipeline(self, **_options: Any) -> Any:
        self.asked += 1
        raise RedisDown("away")


def test_while_redis_is_away_nobody_is_there_and_it_is_left_alone() -> None:
    away: Any = Away()
    presence = Presence(lambda _seconds: away)
    assert [presence.others(7, AMINA, NOW) for _asking in range(3)] == [[], [], []]
    assert away.asked == 1
