"""A PostgreSQL and its standby by `host1,host2`: the first dies, the standby takes over."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from real import handbook, place, servers
from real.desk import Desk, now
from real.packages import HAPROXY, path_of
from real.report import Case, Report
from real.world import World
from soak.processes import Started
from soak.servers import PostgreSQL
from soak.standby import ask, follow, standby_of
from soak.world import until
from webapp.migrations import roles, upgrade

ROW = "3 hosts"
_HEADING = "Several hosts of PostgreSQL"
_HAPROXY = """
defaults
  mode tcp
  timeout connect 2s
  timeout client 1h
  timeout server 1h
listen desk
  bind 127.0.0.1:{front}
  default-server inter 500 fall 2 rise 2 on-marked-down shutdown-sessions
  server db1 127.0.0.1:{first} check
  server db2 127.0.0.1:{second} check backup
"""


@dataclass(frozen=True)
class Pair:
    """Two servers of which the second follows; `ports` are where they listen on this machine."""

    first: PostgreSQL
    process: Started
    follower: Started
    standby_sockets: Path
    ports: tuple[int, int]

    def fail_over(self) -> None:
        """The first dies at once, and the standby takes over."""
        os.kill(self.process.pid, signal.SIGQUIT)
        self.process.wait(20)
        assert ask(self.standby_sockets, "SELECT pg_promote()", self.ports[1]) == (True,)

    def end_standby(self) -> None:
        """The standby dies at once, and commits wait for it no longer."""
        os.kill(self.follower.pid, signal.SIGQUIT)
        self.follower.wait(20)
        for statement in ("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()"):
            ask(self.first.socket.parent, statement, self.ports[0])


@contextmanager
def pair(folder: Path) -> Iterator[Pair]:
    """One, synchronous, until the block ends."""
    first, ports = PostgreSQL(folder), (servers.free_port(), servers.free_port())

    def at(command: list[str], port: int) -> list[str]:
        return [*command, "-c", f"listen_addresses={servers.HOST}", "-c", f"port={port}"]

    primary, sockets = at(first.command, ports[0]), first.socket.parent
    with servers.running(primary, folder / "first.log", lambda: servers.listens(ports[0]), first.user) as process:
        ask(sockets, "CREATE DATABASE desk", ports[0])
        command, standby_sockets = standby_of(first, folder, ports[0])
        following = at(command, ports[1])
        log = folder / "standby.log"
        with servers.running(following, log, lambda: servers.listens(ports[1]), first.user) as follower:
            follow(sockets, ports[0])
            for setting in handbook.blocks(_HEADING, "conf")[0].splitlines():
                ask(sockets, f"ALTER SYSTEM SET {setting}", ports[0])
            ask(sockets, "SELECT pg_reload_conf()", ports[0])
            yield Pair(first, process, follower, standby_sockets, ports)


def try_all(world: World, report: Report) -> None:
    """Every case of the row."""
    with servers.redis(world.new_folder("redis")) as port:
        redis = f"redis://127.0.0.1:{port}/0"
        _two_hosts(world, report, redis)
        _watched_standby(world, report, redis)
        if HAPROXY.path is None:
            report.not_tried(ROW, "a fail-over behind HAProxy", HAPROXY.install)
        else:
            _behind_haproxy(world, report, redis)


def _two_hosts(world: World, report: Report, redis: str) -> None:
    trouble = "the primary of host1,host2 dies, the standby takes over"
    with report.case(ROW, trouble) as case, pair(world.new_folder("pair")) as both:
        first, second = both.ports
        places = {"db1.example.com:5432": f"127.0.0.1:{first}", "db2.example.com:5432": f"127.0.0.1:{second}"}
        places |= {"desk_app:PASSWORD@": "postgres@"}
        url = handbook.replaced(handbook.variables(_HEADING)["DATABASE_URL"], places)
        _fails_over(world, case, both, url, redis)


def _watched_standby(world: World, report: Report, redis: str) -> None:
    """What doctor says of a standby as the desk's role, with and without its right, and of files read from it."""
    trouble = "the standby that exports are read from is killed"
    with report.case(ROW, trouble) as case, pair(world.new_folder("pair")) as both:
        owned = f"postgresql://postgres@127.0.0.1:{both.ports[0]}/desk"
        upgrade(owned)
        place.ask(owned, roles.SCRIPT, roles.GRANTS)
        there = {"desk_app:PASSWORD@db2.example.com:5432": f"desk_app@127.0.0.1:{both.ports[1]}"}
        replica = handbook.variables("Exports and reports from a standby")["DATABASE_REPLICA_URL"]
        promised = {"DATABASE_STANDBYS": "1", "DATABASE_REPLICA_URL": handbook.replaced(replica, there)}
        with world.desk(redis, owned.replace("//postgres@", "//desk_app@"), **promised) as desk:
            case.heard("desk doctor, standbys", desk.doctor()["standbys"].sentence, "desk_app", "pg_read_all_stats")
            place.ask(owned, handbook.blocks(_HEADING, "sql")[0])
            case.heard("the same with the right", desk.doctor()["standbys"].sentence, "1 standby")
            case.heard("desk doctor, replica", desk.doctor()["replica"].sentence, "which has caught up")
            both.end_standby()
            case.heard("desk doctor, standbys, without it", until(lambda: _not_ok(desk, "standbys"), 30), "wrong")
            case.heard("desk doctor, replica, without it", _not_ok(desk, "replica"), "warning", "is not read")


def _not_ok(desk: Desk, check: str) -> str:
    found = desk.doctor()[check]
    return "" if found.verdict == "ok" else f"{found.verdict}: {found.sentence}"


def _behind_haproxy(world: World, report: Report, redis: str) -> None:
    """The way of those who give programs one address: it leads to the server that takes connections first."""
    with report.case(ROW, "the primary behind HAProxy dies, the standby takes over") as case:
        folder = world.new_folder("haproxy")
        with pair(world.new_folder("pair")) as both:
            front = servers.free_port()
            file = folder / "haproxy.cfg"
            file.write_text(_HAPROXY.format(front=front, first=both.ports[0], second=both.ports[1]))
            with servers.running([path_of(HAPROXY), "-f", str(file)], folder / "log", lambda: servers.listens(front)):
                _fails_over(world, case, both, f"postgresql://postgres@127.0.0.1:{front}/desk", redis)


def _fails_over(world: World, case: Case, both: Pair, url: str, redis: str) -> None:
    with world.desk(redis, url) as desk:
        desk.start()
        desk.prove()
        desk.wait_until_well(now())
        made = desk.api.post(f"{desk.url}/api/v1/parties", json={"ref": "before", "name": "Amina"}, timeout=20)
        assert made.status_code == 201, made.text
        since = now()
        both.fail_over()
        case.well_after = round(desk.wait_until_well(since), 1)
        case.heard("/readyz", until(lambda: _ready(desk), 30), "200")
        found = desk.api.get(f"{desk.url}/api/v1/parties?ref=before", timeout=20)
        case.heard("what was written before", f"{found.status_code}, {len(found.json()['data'])} of 1", "200, 1 of 1")
        case.heard("desk doctor", desk.doctor()["writes"].sentence, "takes changes")
        case.heard("desk doctor, the same database", desk.doctor()["instance"].sentence, "belong together")
        code, said = desk.command("ledger", "verify")
        case.heard("desk ledger verify", f"exit {code} {said}", "exit 0")


def _ready(desk: Desk) -> str:
    said = desk.says_ready("database")
    return said if said.startswith("200") else ""
