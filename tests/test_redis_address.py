"""REDIS_URL of one Redis, or of Sentinels: what is read out of it, what is shown of it, and what is none."""

from pathlib import Path

import pytest
from limits.storage import storage_from_string
from redis.sentinel import SentinelConnectionPool

from tests.conftest import settings_for
from webapp.services.common.settings_display import masked
from webapp.settings import SettingsProblem
from webapp.settings_parts import redis_address

URL = "redis+sentinel://desk:p%40ss@s1,s2:26380,[::1]:26381/main/3?sentinel_username=watch&sentinel_password=s%2Fp"


def test_sentinels_and_the_primary_have_credentials_of_their_own() -> None:
    found = redis_address.sentinels(URL)
    assert found is not None
    assert found.hosts == [("s1", 26379), ("s2", 26380), ("::1", 26381)]
    assert found.name == "main"
    assert found.options == {"db": 3, "username": "desk", "password": "p@ss"}
    assert found.sentinel_options == {"username": "watch", "password": "s/p"}
    assert "p@ss" not in repr(found)


def test_a_client_asks_the_sentinels_with_their_credentials_and_the_primary_with_its_own() -> None:
    pool = redis_address.connect(URL, socket_timeout=4).connection_pool
    assert isinstance(pool, SentinelConnectionPool)
    assert (pool.service_name, pool.connection_kwargs["password"]) == ("main", "p@ss")
    assert (pool.connection_kwargs["db"], pool.connection_kwargs["socket_timeout"]) == (3, 4)
    asked = [each.connection_pool.connection_kwargs for each in pool.sentinel_manager.sentinels]
    assert {each["password"] for each in asked} == {"s/p"}
    assert {each["socket_timeout"] for each in asked} == {4}


def test_tls_is_spoken_to_all_of_them() -> None:
    found = redis_address.sentinels("rediss+sentinel://s1/main?ssl_ca_certs=/etc/ca.pem")
    assert found is not None
    assert found.options == {"db": 0, "ssl": True, "ssl_ca_certs": "/etc/ca.pem"}
    assert found.sentinel_options == {"ssl": True, "ssl_ca_certs": "/etc/ca.pem"}


def test_rate_limits_are_counted_at_the_primary_too() -> None:
    address, options = redis_address.of_limits("redis+sentinel://:p%40ss@s1,s2/main/3", socket_timeout=1)
    assert (address, options["use_replicas"]) == ("redis+sentinel://s1:26379,s2:26379/main", False)
    pool = vars(storage_from_string(address, **options))["storage"].connection_pool
    assert (pool.connection_kwargs["password"], pool.connection_kwargs["db"]) == ("p@ss", 3)
    asked = [each.connection_pool.connection_kwargs for each in pool.sentinel_manager.sentinels]
    assert {each["password"] for each in asked} == {None}, "the primary's is not told to Sentinels"
    assert redis_address.of_limits("unix:///r.sock") == ("redis+unix:///r.sock", {})


def test_no_password_of_it_is_shown(tmp_path: Path) -> None:
    shown = masked(settings_for("sqlite://", tmp_path, redis_url=URL))["REDIS_URL"]
    assert shown == "redis+sentinel://desk:***@s1:26379,s2:26380,[::1]:26381/main/3?sentinel_password=***"


@pytest.mark.parametrize("wrong", ["s1", "s1:26379/", "s1:x/main", "s1/main/zero", "s1/main?sentinel_pasword=x"])
def test_what_is_none_is_named_at_the_start(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(SettingsProblem, match=r"REDIS_URL: write redis\+sentinel://"):
        settings_for("sqlite://", tmp_path, redis_url=f"redis+sentinel://{wrong}")
