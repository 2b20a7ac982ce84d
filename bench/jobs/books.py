"""What an hour of new transfers costs `verify_books`, beside few old ones and many, and the same asked by hand."""

import os
import time
from typing import Any

from sqlalchemy import text

from bench.child import timed
from bench.places import KINDS, scratch
from bench.table import Ratio, Ratios
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.runtime import Runtime

JOB = "verify_books"
ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
NEW = int(os.environ.get("BENCH_ITEMS", "100000"))
"""Transfers of two entries each: so many are old, and so many new."""
_WALLETS = 1_000
_AT = "'2026-03-02 09:30:00.000000'"
_NUMBERS = {
    "postgresql": "SELECT n FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n",
    "sqlite": "WITH RECURSIVE n(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM n WHERE n < :last) SELECT n FROM n",
}
_SETUP = (
    f"INSERT INTO party (ref, name, created_at) SELECT 'p' || n, 'p', {_AT} FROM ({{numbers}}) AS numbers",
    "INSERT INTO account (kind, party_id, currency, balance, created_at) "
    f"SELECT 'wallet', id, 'NGN', 0, {_AT} FROM party",
    f"INSERT INTO account (kind, owner, currency, balance, created_at) VALUES ('clearing', 'bench', 'NGN', 0, {_AT})",
)
_TRANSFERS = (
    "INSERT INTO transfer (id, reference, kind, currency, amount, is_disbursement, at) "
    f"SELECT n, 'b' || n, 'deposit', 'NGN', 100, false, {_AT} FROM ({{numbers}}) AS numbers"
)
_ENTRIES = (
    "INSERT INTO entry (id, transfer_id, account_id, currency, amount) SELECT 2 * n - side, n, "
    f"CASE side WHEN 0 THEN {_WALLETS + 1} ELSE 1 + n % {_WALLETS} END, 'NGN', CASE side WHEN 0 THEN -100 ELSE 100 END "
    "FROM ({numbers}) AS numbers, (SELECT 0 AS side UNION ALL SELECT 1) AS sides"
)
_BALANCES = (
    "UPDATE account SET balance = balance + moved.total FROM (SELECT account_id, sum(amount) AS total FROM entry "
    "WHERE id > 2 * (:first - 1) GROUP BY account_id) AS moved WHERE moved.account_id = account.id"
)
_BY_HAND = (
    "SELECT transfer_id, currency, sum(amount) FROM entry WHERE transfer_id > :after "
    "GROUP BY transfer_id, currency HAVING sum(amount) <> 0",
    "SELECT t.id FROM transfer t WHERE t.id > :after AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.transfer_id = t.id)",
    "SELECT t.id FROM transfer t JOIN entry e ON e.transfer_id = t.id JOIN account a ON a.id = e.account_id "
    "WHERE t.id > :after AND t.escrow_id IS NULL AND a.kind IN ('escrow', 'pending')",
    "SELECT a.id FROM account a JOIN account_checkpoint c ON c.account_id = a.id JOIN (SELECT account_id, "
    "sum(amount) AS total FROM entry WHERE id > 2 * :after GROUP BY account_id) AS moved ON moved.account_id = a.id "
    "WHERE a.balance <> c.balance + moved.total OR a.balance < a.floor OR a.balance > a.ceiling",
    "UPDATE account_checkpoint SET balance = account_checkpoint.balance + moved.total, entry_id = moved.last "
    "FROM (SELECT account_id, sum(amount) AS total, max(id) AS last FROM entry WHERE id > 2 * :after "
    "GROUP BY account_id) AS moved WHERE moved.account_id = account_checkpoint.account_id",
)


def run() -> Ratios:
    """The ratio of each database, and of an hour beside a fifth of the old transfers and all of them."""
    found: Ratios = {}
    for kind in KINDS:
        with scratch(kind) as runtime:
            register_jobs(runtime)
            found |= _measured(kind, runtime)
    return found


def _measured(kind: str, runtime: Runtime) -> Ratios:
    numbers = _NUMBERS[kind]
    _carry_out(runtime, [each.format(numbers=numbers) for each in _SETUP[:1]], {"first": 1, "last": _WALLETS})
    _carry_out(runtime, _SETUP[1:], {})
    fewer = ROWS // 5
    _fill(runtime, numbers, 1, fewer)
    timed(runtime, JOB)
    _fill(runtime, numbers, fewer + 1, fewer + NEW)
    beside_fewer = timed(runtime, JOB)
    _fill(runtime, numbers, fewer + NEW + 1, ROWS)
    whole = timed(runtime, JOB, from_first=True)
    _fill(runtime, numbers, ROWS + 1, ROWS + NEW)
    bare = _by_hand(runtime, ROWS)
    ours = timed(runtime, JOB)
    what = f"{JOB}, {kind}: {NEW:,} new transfers beside {ROWS:,}, per second"
    return {
        f"job-{JOB}-{kind}-against-limit": Ratio.of_figures(NEW / ours, NEW / bare, what, "by hand-written SQL"),
        f"job-{JOB}-{kind}-{ROWS}-against-{fewer}": Ratio.of_figures(
            NEW / ours, NEW / beside_fewer, what, f"beside {fewer:,}"
        ),
        f"job-{JOB}-{kind}-whole": Ratio.of_figures(
            (ROWS + NEW) / whole, NEW / ours, f"{JOB}, {kind}: all of {ROWS:,}, per second", "of the new ones"
        ),
    }


def _fill(runtime: Runtime, numbers: str, first: int, last: int) -> None:
    made = [each.format(numbers=numbers) for each in (_TRANSFERS, _ENTRIES)]
    if runtime.db.is_sqlite:
        made.reverse()  # Its trigger looks at the entries when the transfer comes.
    _carry_out(runtime, [*made, _BALANCES], {"first": first, "last": last})
    with runtime.db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE" if runtime.db.is_sqlite else "VACUUM ANALYZE")


def _carry_out(runtime: Runtime, statements: Any, values: dict[str, int]) -> None:
    with runtime.db.engine.connect().execution_options(desk_writes=True) as connection, connection.begin():
        for statement in statements:
            names = {name: value for name, value in values.items() if f":{name}" in statement}
            connection.execute(text(statement), names)


def _by_hand(runtime: Runtime, after: int) -> float:
    """Seconds for the questions about the new rows, one statement each; what they write is taken back."""
    with runtime.db.engine.connect().execution_options(desk_writes=True) as connection, connection.begin() as made:
        began = time.perf_counter()
        for statement in _BY_HAND:
            found = connection.execute(text(statement), {"after": after})
            if found.returns_rows and found.all():
                raise RuntimeError(f"something is wrong: {statement}")
        seconds = time.perf_counter() - began
        made.rollback()
    return seconds


if __name__ == "__main__":
    from bench.table import show

    show(run())
