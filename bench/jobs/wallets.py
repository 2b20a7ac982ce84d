"""What `create_missing_wallets` costs for new parties beside few old escrows and many, against the rows by hand."""

import os
import time
from typing import Any

from sqlalchemy import text

from bench.child import timed
from bench.places import KINDS, scratch
from bench.table import Ratio, Ratios
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.runtime import Runtime

JOB = "create_missing_wallets"
ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
NEW = int(os.environ.get("BENCH_ITEMS", "100000"))
"""So many escrows are old, and so many parties are new, with an escrow each."""
_SELLERS = 1_000
_AT = "'2026-03-02 09:30:00.000000'"
_NUMBERS = {
    "postgresql": "SELECT n FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n",
    "sqlite": "WITH RECURSIVE n(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM n WHERE n < :last) SELECT n FROM n",
}
_PARTIES = (
    "INSERT INTO party (id, ref, name, verified_at, created_at) "
    f"SELECT n, 'p' || n, 'p', {_AT}, {_AT} FROM (NUMBERS) AS numbers"
)
_ORDERS = (
    "INSERT INTO purchase_order (id, ref, buyer_id, seller_id, status, amount, currency, on_credit, created_at) "
    f"SELECT n, 'o' || n, 1, SELLER, 'awaiting_payment', 100, 'NGN', false, {_AT} FROM (NUMBERS) AS numbers"
)
_ESCROWS = (
    "INSERT INTO escrow (id, ref, order_id, buyer_id, seller_id, policy, status, currency, amount, fee, hold_no, "
    "freezes, created_at, version) SELECT n, 'e' || n, n, 1, SELLER, 'deadline', 'pending_payment', 'NGN', 100, 0, 1, "
    f"0, {_AT}, 1 FROM (NUMBERS) AS numbers"
)
_BY_HAND = (
    "INSERT INTO account (kind, party_id, owner, currency, balance, floor, created_at) "
    f"SELECT 'wallet', seller_id, '', currency, 0, 0, {_AT} FROM escrow WHERE id > :after",
    "INSERT INTO audit (batch, pos, at, actor, actor_name, role, action, subject_kind, subject_id) "
    f"SELECT 1, id, {_AT}, 'job', 'bench', 'job', 'wallet.open', 'party', seller_id FROM escrow WHERE id > :after",
    "INSERT INTO event (type, subject_kind, subject_id, payload, at) "
    f"SELECT 'wallet.opened', 'account', id, '{{}}', {_AT} FROM escrow WHERE id > :after",
)


def run() -> Ratios:
    """The ratios of each database."""
    found: Ratios = {}
    for kind in KINDS:
        with scratch(kind) as runtime:
            register_jobs(runtime)
            found |= _measured(kind, runtime)
    return found


def _measured(kind: str, runtime: Runtime) -> Ratios:
    fewer = ROWS // 5
    _carry_out(kind, runtime, (_PARTIES,), 1, _SELLERS)
    _escrows(kind, runtime, 1, fewer, f"2 + n % {_SELLERS - 1}")
    timed(runtime, JOB)
    _new(kind, runtime, fewer)
    beside_fewer = timed(runtime, JOB)
    _escrows(kind, runtime, fewer + NEW + 1, ROWS, f"2 + n % {_SELLERS - 1}")
    timed(runtime, JOB)
    _new(kind, runtime, ROWS)
    bare, ours = _by_hand(runtime, ROWS), timed(runtime, JOB)
    nothing = timed(runtime, JOB)
    what = f"{JOB}, {kind}: {NEW:,} new wallets beside {ROWS:,} escrows, per second"
    return {
        f"job-{JOB}-{kind}-against-limit": Ratio.of_figures(NEW / ours, NEW / bare, what, "the bare rows by hand"),
        f"job-{JOB}-{kind}-{ROWS}-against-{fewer}": Ratio.of_figures(
            NEW / ours, NEW / beside_fewer, what, f"beside {fewer:,}"
        ),
        f"job-{JOB}-{kind}-nothing-missing": Ratio.of_figures(
            ours, nothing, f"{JOB}, {kind}: seconds for {NEW:,}", "for none"
        ),
    }


def _new(kind: str, runtime: Runtime, after: int) -> None:
    """Parties without a wallet; the numbers of their escrows are those of parties, beyond all that are there."""
    _carry_out(kind, runtime, (_PARTIES,), 10 * ROWS + after + 1, 10 * ROWS + after + NEW)
    _escrows(kind, runtime, after + 1, after + NEW, f"n + {10 * ROWS}")


def _escrows(kind: str, runtime: Runtime, first: int, last: int, seller: str) -> None:
    _carry_out(kind, runtime, tuple(each.replace("SELLER", seller) for each in (_ORDERS, _ESCROWS)), first, last)
    with runtime.db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE" if runtime.db.is_sqlite else "VACUUM ANALYZE")


def _carry_out(kind: str, runtime: Runtime, statements: tuple[str, ...], first: int, last: int) -> None:
    with runtime.db.engine.connect().execution_options(desk_writes=True) as connection, connection.begin():
        for statement in statements:
            connection.execute(text(statement.replace("NUMBERS", _NUMBERS[kind])), {"first": first, "last": last})


def _by_hand(runtime: Runtime, after: int) -> float:
    """Seconds for the rows of the same wallets, one statement each; what they write is taken back."""
    with runtime.db.engine.connect().execution_options(desk_writes=True) as connection, connection.begin() as made:
        began = time.perf_counter()
        for statement in _BY_HAND:
            values: dict[str, Any] = {"after": after}
            connection.execute(text(statement), values)
        seconds = time.perf_counter() - began
        made.rollback()
    return seconds


if __name__ == "__main__":
    from bench.table import show

    show(run())
