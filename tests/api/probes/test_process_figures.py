"""What processes count of themselves: each tells the sums of all, Redis may come and go, nobody's words are labels."""

import subprocess

import fakeredis
import pytest
from redis.exceptions import ConnectionError as RedisAway
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from real.packages import PROMTOOL
from tests.api.conftest import Caller
from tests.api.probes.test_metrics import figures
from tests.support.people import SETUP
from webapp import clock
from webapp.api.probes.metrics import exposition
from webapp.jobs.processes.heartbeat import Heartbeat
from webapp.process_figures import ProcessFigures
from webapp.runtime import Runtime
from webapp.services.approvals import limits
from webapp.services.scheduling import processes


@pytest.fixture
def server(place: Runtime) -> fakeredis.FakeServer:
    """The Redis of this desk, whose web process counts."""
    server = fakeredis.FakeServer()
    vars(place)["figures"] = another(server)
    place.count_figures(processes.WEB)
    return server


def another(server: fakeredis.FakeServer) -> ProcessFigures:
    return ProcessFigures(lambda _seconds: fakeredis.FakeRedis(server=server))


def exposition_of(place: Runtime) -> str:
    with place.db.reading() as session:
        return exposition(session, clock.now(), place.settings, place.figures).decode()


def test_requests_are_told_by_their_route_and_never_by_what_a_stranger_wrote(
    server: fakeredis.FakeServer, place: Runtime, caller: Caller
) -> None:
    reader = caller("read")
    for number in (7, 8, 9):
        reader.get(f"/api/v1/parties/{number}")
        reader.get(f"/nothing-{number}")
    place.figures.flush()
    found = figures(reader)
    party = 'method="GET",route="/api/v1/parties/<id:party_id>"'
    assert found[f'desk_http_requests_total{{{party},status="404"}}'] == 3
    assert found[f"desk_http_request_duration_seconds_count{{{party}}}"] == 3
    assert found[f'desk_http_request_duration_seconds_bucket{{le="+Inf",{party}}}'] == 3
    queries = f"desk_http_request_queries_sum{{{party}}}"
    assert 3 <= found[queries] <= found['desk_database_queries_total{process="web"}']
    assert found['desk_http_requests_total{method="GET",route="(none)",status="404"}'] == 3
    assert [name for name in found if "nothing" in name or "parties/1" in name] == []


def test_whoever_is_asked_tells_the_sums_of_all_also_after_a_restart(
    server: fakeredis.FakeServer, place: Runtime, caller: Caller
) -> None:
    reader = caller("read")
    for _ in range(2):
        process = another(server)
        process.watch(processes.WORKER, place.db)
        process.sealed(0.02)
        process.flush()
        process.flush()
    found = figures(reader)
    assert found['desk_audit_seal_duration_seconds_count{process="worker"}'] == 2
    assert found['desk_audit_seal_duration_seconds_bucket{le="0.01",process="worker"}'] == 0
    assert found['desk_audit_seal_duration_seconds_bucket{le="0.025",process="worker"}'] == 2
    assert found['desk_database_pool_limit{process="worker"}'] == 2 * place.db.pool_limit
    process.forget()
    assert figures(reader)['desk_database_pool_limit{process="worker"}'] == place.db.pool_limit


def test_a_process_that_was_killed_holds_no_connections_for_long(
    server: fakeredis.FakeServer, place: Runtime, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, process = caller("read"), another(server)
    process.watch(processes.WORKER, place.db)
    process.flush()
    assert 'desk_database_pool_connections{process="worker",state="idle"}' in figures(reader)
    now = clock.now().timestamp()
    monkeypatch.setattr("webapp.process_figures.time.time", lambda: now + 600)
    assert [name for name in figures(reader) if name.startswith("desk_database_pool")] == []


def test_what_is_counted_while_redis_is_away_is_added_when_it_is_back(
    server: fakeredis.FakeServer, place: Runtime, caller: Caller
) -> None:
    reader = caller("read")
    reader.get("/api/v1/parties")
    server.connected = False
    with pytest.raises(RedisAway):
        place.figures.flush()
    assert "desk_runs_queued" in figures(reader)
    assert [name for name in figures(reader) if name.startswith("desk_http")] == []
    server.connected = True
    place.figures.flush()
    vars(place)["figures"] = another(server)
    assert 'desk_http_requests_total{method="GET",route="/api/v1/parties",status="200"} 1.0' in exposition_of(place)


def test_a_heartbeat_adds_and_a_goodbye_takes_the_gauges_away(server: fakeredis.FakeServer, place: Runtime) -> None:
    heartbeat = Heartbeat(place, processes.WEB, sweeps=False)
    place.figures.flush()
    assert 'desk_database_pool_limit{process="web"}' in exposition_of(place)
    heartbeat.start()
    heartbeat.stop()
    assert 'desk_database_pool_limit{process="web"}' not in exposition_of(place)


def test_seals_are_timed_where_something_was_recorded(server: fakeredis.FakeServer, place: Runtime) -> None:
    count = 'desk_audit_seal_duration_seconds_count{process="web"}'
    with place.db.transaction() as session:
        session.execute(text("SELECT 1"))
    place.figures.flush()
    assert f"{count} 1.0" not in exposition_of(place)
    with place.db.transaction() as session:
        limits.set_limits(session, {"KES": 5}, at=clock.now(), actor=SETUP)
    place.figures.flush()
    assert f"{count} 1.0" in exposition_of(place)


def test_who_gave_up_waiting_for_a_lock_is_counted(server: fakeredis.FakeServer, place: Runtime) -> None:
    with place.db.transaction() as session, pytest.raises(OperationalError), place.db.reading() as other:
        if place.db.is_sqlite:
            other.execute(text("PRAGMA busy_timeout = 0"))
            other.execute(text("UPDATE schedule SET cron = cron"))
        session.execute(text("LOCK TABLE schedule IN ACCESS EXCLUSIVE MODE"))
        other.execute(text("SET LOCAL lock_timeout = 1"))
        other.execute(text("LOCK TABLE schedule IN ACCESS EXCLUSIVE MODE"))
    place.figures.flush()
    assert 'desk_database_lock_failures_total{process="web",reason="timeout"} 1.0' in exposition_of(place)


@pytest.mark.skipif(PROMTOOL.path is None, reason="there is no promtool here")
def test_promtool_complains_of_none_of_them(server: fakeredis.FakeServer, place: Runtime, caller: Caller) -> None:
    reader = caller("read")
    reader.get("/api/v1/parties")
    place.figures.flush()
    done = subprocess.run(
        [str(PROMTOOL.path), "check", "metrics"], input=reader.get("/metrics").text, capture_output=True, text=True
    )
    complaints = (done.stdout + done.stderr).splitlines()
    assert [line for line in complaints if not line.startswith("escrow_auto_")] == []
