"""`desk doctor` asks a real primary how its standbys are: missing, behind, hidden, or a slot that nobody reads."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from real import servers
from soak.standby import ask
from tests.conftest import settings_for
from tests.support.standbys import Primary, serving
from webapp import health_checks
from webapp.health_checks import CheckResult
from webapp.runtime import build_runtime


@pytest.fixture(scope="module")
def primary() -> Iterator[Primary]:
    with serving() as found:
        found.ask("CREATE ROLE narrow LOGIN")
        found.ask("CREATE TABLE filling (content text)")
        yield found


def fill(primary: Primary) -> None:
    """Write about three megabytes of the log."""
    primary.ask("INSERT INTO filling SELECT repeat(md5(i::text), 30) FROM generate_series(1, 3000) AS i")


def test_one_that_follows_closely_is_well_and_one_that_was_promised_is_missed(primary: Primary) -> None:
    assert primary.finding().found == "Nobody follows this server, and DATABASE_STANDBYS promises none."
    missing = primary.finding(database_standbys=1)
    assert (missing.verdict, missing.found) == ("wrong", "0 standbys follow; DATABASE_STANDBYS promises 1.")
    with primary.standby():
        assert primary.becomes("ok", database_standbys=1).found == "1 standby, none too far behind."
        assert primary.finding(database_standbys=2).verdict == "wrong"
        hidden = primary.finding("narrow", database_standbys=1)
        assert (hidden.verdict, hidden.found) == ("warning", "narrow may not see how far the standbys are behind.")
        assert "GRANT pg_read_all_stats TO narrow" in hidden.do
        primary.ask("GRANT pg_read_all_stats TO narrow")
        assert primary.finding("narrow", database_standbys=1).verdict == "ok"


def test_one_that_stands_still_is_behind_in_bytes_and_in_seconds(primary: Primary) -> None:
    with primary.standby() as (_, sockets):
        ask(sockets, "SELECT pg_wal_replay_pause()")
        fill(primary)
        behind = primary.becomes("wrong", replication_lag_megabytes=1)
        assert "walreceiver is 3." in behind.found or "walreceiver is 2." in behind.found, behind
        assert behind.found.endswith("behind; 1 MiB and 30 s are allowed.")
        assert primary.finding().verdict == "ok"
        assert primary.becomes("wrong", replication_lag_seconds=1).found.endswith("64 MiB and 1 s are allowed.")
        ask(sockets, "SELECT pg_wal_replay_resume()")
        assert primary.becomes("ok", replication_lag_megabytes=1, replication_lag_seconds=1).verdict == "ok"
        assert health_of_standby(primary, sockets).found == "This is a standby; its primary knows how far it is behind."


def health_of_standby(primary: Primary, sockets: Path) -> CheckResult:
    address = primary.server.address("postgres", sockets)
    runtime = build_runtime(settings_for(address, primary.folder))
    try:
        return health_checks.standbys(runtime)
    finally:
        runtime.db.close()


def test_commits_that_wait_for_one_that_is_gone_are_told(primary: Primary) -> None:
    with primary.standby() as (process, _):
        primary.ask("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.ask("SELECT pg_reload_conf()")
        assert primary.becomes("ok", database_standbys=1)
        servers.end(process)
        try:
            gone = primary.becomes("wrong")
        finally:
            primary.ask("ALTER SYSTEM RESET synchronous_standby_names")
            primary.ask("SELECT pg_reload_conf()")
    assert gone.found == "No standby follows, and synchronous_standby_names wants one."
    assert "empty synchronous_standby_names" in gone.do


@pytest.mark.parametrize(("allowed", "verdict"), [(64, "warning"), (1, "wrong")])
def test_a_slot_that_nobody_reads_is_named_with_what_it_keeps(primary: Primary, allowed: int, verdict: str) -> None:
    primary.ask("SELECT pg_create_physical_replication_slot('of_an_old_standby', true)")
    try:
        fill(primary)
        slot = primary.finding(replication_lag_megabytes=allowed)
    finally:
        primary.ask("SELECT pg_drop_replication_slot('of_an_old_standby')")
    assert slot.verdict == verdict
    assert slot.found.startswith("Nobody reads the slot of_an_old_standby, for which ")
    assert "pg_drop_replication_slot('of_an_old_standby')" in slot.do


def test_a_slot_that_the_standby_reads_is_no_idle_one(primary: Primary) -> None:
    primary.ask("SELECT pg_create_physical_replication_slot('in_use', true)")
    try:
        with primary.standby("-c", "primary_slot_name=in_use"):
            assert primary.becomes("ok", database_standbys=1)
        becomes: Callable[..., CheckResult] = primary.becomes
        assert "in_use" in becomes("warning").found
    finally:
        primary.ask("SELECT pg_drop_replication_slot('in_use')")


def test_a_copy_that_is_being_made_is_no_standby(primary: Primary) -> None:
    tool = Path(primary.server.command[0]).with_name("pg_receivewal")
    archive = primary.folder / "archive"
    archive.mkdir()
    archive.chmod(0o777)
    command = [str(tool), "-D", str(archive), "-h", str(primary.server.socket.parent), "-U", "postgres"]
    follows = "SELECT count(*) FROM pg_stat_replication"
    with servers.running(command, primary.log, lambda: primary.ask(follows) == (1,), primary.server.user):
        assert primary.finding(database_standbys=1).found == "0 standbys follow; DATABASE_STANDBYS promises 1."
