"""clean_up_data of old carts through the real engine, against one bare DELETE, and the longest that it held a lock.

On PostgreSQL that is at most the time from a transaction's first write to its commit. On SQLite a commit may bring the
log into the file when its lock is free again, so that another writer is asked how long it had to wait.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Engine, event, text

from bench.bystander import MOST, Waits, beside
from bench.places import KINDS, scratch
from bench.table import Ratio, Ratios
from webapp import clock
from webapp.domain.actors import Actor
from webapp.domain.permissions import ALL_PERMISSIONS
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.run_job import run_here
from webapp.runtime import Runtime
from webapp.services.scheduling import runs

CARTS = 500_000
JOB = "clean_up_data"
_MAKER = Actor("cli", None, "bench", ALL_PERMISSIONS)
_NUMBERS = {
    "postgresql": "SELECT n FROM generate_series(1, :count) n",
    "sqlite": "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < :count) SELECT n FROM s",
}
_TENANT = "INSERT INTO tenant (id, ref, name, created_at, stored_at) VALUES (1, 'shop', 'Shop', :old, :old)"
_PRODUCT = """
INSERT INTO product (id, tenant_id, ref, name, created_at, updated_at, stored_at)
VALUES (1, 1, 'p', 'Soap', :old, :old, :old)
"""
_CART = """
INSERT INTO cart_item (tenant_id, ref, product_id, product_ref, quantity, created_at, updated_at, stored_at)
SELECT 1, 'c' || :at || '-' || n, 1, 'p', 1, {at}, {at}, {at} FROM ({numbers}) AS numbers
"""
_BARE = "DELETE FROM cart_item WHERE updated_at < {before}"


def run() -> Ratios:
    """The ratios: rows per second, and how much shorter than may be the longest lock was held; on each database."""
    found: Ratios = {}
    for kind in KINDS:
        with scratch(kind) as runtime:
            register_jobs(runtime)
            found |= _measure(kind, runtime)
    return found


def _measure(kind: str, runtime: Runtime) -> Ratios:
    _fill(kind, runtime, first=True)
    with _waits(kind, runtime) as waits:
        started = time.perf_counter()
        with runtime.db.transaction() as session:
            made = runs.trigger(session, JOB, actor=_MAKER, at=None, dry_run=False, parameters=None)
        ended = run_here(runtime, made.id)
        ours = CARTS / (time.perf_counter() - started)
    if (ended.status, ended.succeeded) != ("succeeded", CARTS):
        raise RuntimeError(f"{ended.succeeded} of {CARTS} carts went: {ended.status}")
    _fill(kind, runtime)
    bare = CARTS / _bare(kind, runtime)
    return {
        f"clean-up-{kind}-against-delete": Ratio.of_figures(
            ours, bare, f"{JOB}, {kind}: carts per second", "by one bare DELETE"
        ),
        f"clean-up-{kind}-lock": Ratio.of_figures(
            MOST,
            waits.longest,
            "seconds that a lock may be held",
            f"the longest of {waits.count:,}, {waits.over:,} of them longer",
        ),
    }


def _waits(kind: str, runtime: Runtime) -> AbstractContextManager[Waits]:
    if kind == "sqlite":
        return beside(str(runtime.db.engine.url.database))
    return _transactions(runtime.db.engine)


@contextmanager
def _transactions(engine: Engine) -> Iterator[Waits]:
    """How long transactions that remove carts hold locks: no longer than from their first write to their commit."""
    found = Waits()

    def began(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if " FOR " in statement or statement.startswith(("DELETE", "UPDATE", "INSERT")):
            connection.info.setdefault("bench_began", time.perf_counter())
        if statement.startswith("DELETE FROM cart_item"):
            connection.info["bench_removes"] = True

    def ended(connection: Connection) -> None:
        began, removes = connection.info.pop("bench_began", None), connection.info.pop("bench_removes", False)
        if began is not None and removes:
            found.add(time.perf_counter() - began)

    event.listen(engine, "before_cursor_execute", began)
    event.listen(engine, "commit", ended)
    yield found
    event.remove(engine, "before_cursor_execute", began)
    event.remove(engine, "commit", ended)


def _fill(kind: str, runtime: Runtime, *, first: bool = False) -> None:
    """Old carts, and as many young ones that stay."""
    now = clock.now()
    with runtime.db.engine.connect().execution_options(desk_writes=True) as connection, connection.begin():
        if first:
            for statement in (_TENANT, _PRODUCT):
                connection.execute(text(statement), {"old": _stored(kind, now - timedelta(days=90))})
        for age in (90, 1):
            values = {
                "count": CARTS,
                "at": f"{age}-{now.timestamp()}",
                "when": _stored(kind, now - timedelta(days=age)),
            }
            connection.execute(text(_CART.format(numbers=_NUMBERS[kind], at=":when")), values)
    with runtime.db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    if kind == "sqlite":  # Else the job's first commit moves all of this from the log to the file.
        with closing(sqlite3.connect(str(runtime.db.engine.url.database))) as file:
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _stored(kind: str, at: Any) -> Any:
    return f"{at:%Y-%m-%d %H:%M:%S.%f}" if kind == "sqlite" else at


def _bare(kind: str, runtime: Runtime) -> float:
    before = {"before": _stored(kind, clock.now() - timedelta(days=30))}
    with runtime.db.engine.connect().execution_options(desk_writes=True) as connection, connection.begin():
        started = time.perf_counter()
        connection.execute(text(_BARE.format(before=":before")), before)
    return time.perf_counter() - started


if __name__ == "__main__":
    from bench.table import show

    show(run())
