"""PgBouncer in transaction mode, set as the handbook says: the desk works through it, and keeps its time-outs."""

from pathlib import Path

import psycopg

from real import servers
from real.desk import Desk, now
from real.packages import PGBOUNCER
from real.report import Case, Report
from real.world import World
from webapp.database_address import libpq_address

ROW = "2 PgBouncer"
_LEAST, _MOST = 4.5, 15.0
"""Seconds after which a wait for a lock is given up: five, and what a busy machine adds."""


def try_all(world: World, report: Report) -> None:
    """Every case of the row."""
    if PGBOUNCER.path is None:
        report.not_tried(ROW, "the desk through PgBouncer", PGBOUNCER.install)
        return
    straight = world.migrated()
    with (
        servers.redis(world.new_folder("redis")) as port,
        servers.pgbouncer(world.new_folder("pgbouncer"), straight) as url,
        world.desk(f"redis://127.0.0.1:{port}/0", url, BACKUP_KEEP="3") as desk,
    ):
        with report.case(ROW, "the whole desk through it, in transaction mode") as case:
            since = now()
            desk.start()
            desk.prove()
            case.heard("a run", f"ended well {desk.wait_until_well(since):.1f} s after the start")
            case.heard("desk doctor", desk.doctor()["database"].sentence, "answers")
        with report.case(ROW, "a lock that somebody else holds") as case:
            _lock(desk, straight, case)
        with report.case(ROW, "a backup through it") as case:
            programs = {"PG_BIN_DIR": str(Path(world.postgresql.command[0]).parent)}
            code, said = desk.command("backup", **programs)
            case.heard("desk backup, by DATABASE_URL", f"exit {code} {_sentence(said)}", "exit 1", "BACKUP_SOURCE_URL")
            code, said = desk.command("backup", BACKUP_SOURCE_URL=straight, **programs)
            case.heard("desk backup, by BACKUP_SOURCE_URL", f"exit {code} {_sentence(said)}", "exit 0", "whole")
            since = now()
            case.well_after = round(desk.wait_until_well(since), 1)


def _lock(desk: Desk, straight: str, case: Case) -> None:
    """A request that needs the row is answered in words after five seconds, and the next one right after the lock."""
    with psycopg.connect(libpq_address(straight)) as holder:
        holder.execute("LOCK TABLE party IN ACCESS EXCLUSIVE MODE")
        began = now()
        answer = desk.api.post(f"{desk.url}/api/v1/parties", json={"ref": "locked", "name": "Amina"}, timeout=90)
        took = now() - began
        said = f"{answer.status_code} after {took:.1f} s, Retry-After {answer.headers.get('Retry-After')}: "
        case.heard("a write over the API", said + answer.json().get("detail", ""), "503", "busy")
        assert _LEAST < took < _MOST, f"{took:.1f} s"
        since = now()
    case.well_after = round(desk.wait_until_well(since), 1)


def _sentence(said: str) -> str:
    """What a command says to people, without its log."""
    return " ".join(line for line in said.splitlines() if not line.startswith("{"))
