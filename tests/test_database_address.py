"""How the desk reaches PostgreSQL: one host or several, directly or by a pooler that keeps nothing of a session."""

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import ArgumentError

from webapp import db as db_module
from webapp.database_address import libpq_address, postgresql_address
from webapp.runtime import Runtime
from webapp.services.common.settings_display import masked
from webapp.settings import load_settings

WANTED = {
    "statement_timeout": "2min",
    "lock_timeout": "5s",
    "TimeZone": "UTC",
    "plan_cache_mode": "force_custom_plan",
    "random_page_cost": "1.1",
}


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql://u:p%40w@a,b/desk", ("a:5432", "b:5432")),
        ("postgresql://u@a:5433,b:5434/desk?sslmode=require", ("a:5433", "b:5434")),
        ("postgresql://a,b/desk", ("a:5432", "b:5432")),
        ("postgresql://u@[::1]:5433,b/desk", ("[::1]:5433", "b:5432")),
        ("postgresql://u@/desk?host=a:1&host=b:2", ("a:1", "b:2")),
    ],
)
def test_of_several_hosts_the_one_that_takes_writes_is_used(url: str, hosts: tuple[str, ...]) -> None:
    address, _ = postgresql_address(url)
    assert (address.query["host"], address.database) == (hosts, "desk")
    assert address.query["target_session_attrs"] == "read-write"
    assert address.query.get("sslmode") == ("require" if "sslmode" in url else None)
    assert address.password == ("p@w" if "p%40w" in url else None)


def test_what_the_address_says_itself_stays() -> None:
    address, prepare = postgresql_address("postgresql://u@a,b/desk?target_session_attrs=any&prepare_threshold=none")
    assert (address.query["target_session_attrs"], prepare) == ("any", {"prepare_threshold": None})
    assert "prepare_threshold" not in address.query
    assert postgresql_address("postgresql://u@a/desk?prepare_threshold=9")[1] == {"prepare_threshold": 9}
    one, prepare = postgresql_address("postgresql://u@a:5433/desk")
    assert (one.host, one.port, dict(one.query), prepare) == ("a", 5433, {}, {})
    with pytest.raises(ArgumentError, match="prepare_threshold"):
        postgresql_address("postgresql://u@a/desk?prepare_threshold=often")


def test_the_server_s_own_programs_get_it_as_they_read_it() -> None:
    several = libpq_address("postgresql://u:p%40w@a,b:2/desk?sslmode=require&prepare_threshold=none")
    assert several == "postgresql://u:p%40w@a:5432,b:2/desk?sslmode=require&target_session_attrs=read-write"
    assert libpq_address("postgresql://u@a/desk?prepare_threshold=3") == "postgresql://u@a/desk"
    assert "secret" not in masked(load_settings(database_url="postgresql://u:secret@a,b/desk"))["DATABASE_URL"]


def settings_of(connection: Connection) -> dict[str, str]:
    return {name: str(connection.scalar(text(f"SHOW {name}"))) for name in WANTED}


def test_every_unit_of_work_has_its_time_outs_on_a_connection_that_began_without(pg_runtime: Runtime) -> None:
    """A pooler hands out a server connection that knows nothing of them, again and again."""
    pg_runtime.db.close()
    raw = pg_runtime.db.engine.raw_connection()
    [found] = raw.cursor().execute("SHOW lock_timeout").fetchone()
    raw.close()
    assert found == "0", "it is no option of the connection"

    for unit in (pg_runtime.db.transaction, pg_runtime.db.reading):
        for _ in range(2):
            with unit() as session:
                assert settings_of(session.connection()) == WANTED
            with unit() as session, session.begin_nested():
                assert settings_of(session.connection()) == WANTED
    with pg_runtime.db.engine.connect() as connection:
        assert settings_of(connection) == WANTED
        connection.rollback()
        assert settings_of(connection) == WANTED
    with pg_runtime.db.engine.begin() as connection:
        assert settings_of(connection) == WANTED


def test_what_others_set_for_a_session_does_not_hide_the_tables(pg_runtime: Runtime) -> None:
    """pg_dump empties the search path of its session, and in transaction mode a pooler hands that on."""
    pg_runtime.db.close()
    raw = pg_runtime.db.engine.raw_connection()
    raw.cursor().execute("SELECT set_config('search_path', '', false)")
    raw.commit()
    raw.close()
    for unit in (pg_runtime.db.transaction, pg_runtime.db.reading):
        with unit() as session:
            assert session.scalar(text("SELECT count(*) FROM party")) == 0
    raw = pg_runtime.db.engine.raw_connection()
    assert raw.cursor().execute("SHOW search_path").fetchone() == ("",), "it was this connection"
    raw.close()
    pg_runtime.db.close()


@pytest.mark.parametrize(("told", "threshold"), [(7, 5), (8, None)])
def test_behind_a_pooler_nothing_is_prepared(told: int, threshold: int | None) -> None:
    """It tells another number of the server's process than the server itself."""
    row = SimpleNamespace(fetchone=lambda: (7,))
    connection: Any = SimpleNamespace(
        execute=lambda *_, **__: row, rollback=lambda: None, info=SimpleNamespace(backend_pid=told), prepare_threshold=5
    )
    db_module._prepare_nothing_behind_a_pooler(connection)
    assert connection.prepare_threshold == threshold
