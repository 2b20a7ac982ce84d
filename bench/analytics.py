"""aggregate_analytics through the real engine, against a loop per tenant and against one hand-written statement."""

import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import text

from bench.child import run_now, seconds_of
from bench.places import scratch
from bench.shops import fill, tenants_of, yesterday
from bench.table import Ratio, Ratios
from webapp.runtime import Runtime

LINES = int(os.environ.get("BENCH_ROWS", "1000000"))
ROUNDS = 3
SAMPLE = 1_000
"""The loop's speed doesn't depend on how many tenants there are; all of them would take minutes a round."""

_ONE = """
INSERT INTO tenant_daily_figure (tenant_id, day, currency, orders, revenue, new_customers, products_sold)
SELECT tenant_id, CAST(:begins AS date), currency, sum(orders), sum(revenue), sum(customers), sum(products)
FROM (
    SELECT t.id AS tenant_id, o.currency, count(*) AS orders, 0 AS revenue, 0 AS customers, 0 AS products
    FROM purchase_order o JOIN tenant t ON t.ref = o.tenant
    WHERE o.tenant IS NOT NULL AND o.created_at >= :begins AND o.created_at < :ends GROUP BY 1, 2
    UNION ALL
    SELECT t.id, o.currency, 0, CAST(sum(o.amount) AS bigint), 0, 0
    FROM purchase_order o JOIN tenant t ON t.ref = o.tenant
    WHERE o.tenant IS NOT NULL AND o.paid_at >= :begins AND o.paid_at < :ends GROUP BY 1, 2
    UNION ALL
    SELECT l.tenant_id, o.currency, 0, 0, 0, CAST(sum(l.quantity) AS bigint)
    FROM purchase_order o JOIN order_line l ON l.order_id = o.id
    WHERE o.tenant IS NOT NULL AND o.paid_at >= :begins AND o.paid_at < :ends GROUP BY 1, 2
    UNION ALL
    SELECT tenant_id, 'XXX', 0, 0, count(*), 0
    FROM customer WHERE created_at >= :begins AND created_at < :ends GROUP BY 1
) parts GROUP BY 1, 2, 3
"""
_OF_ONE_TENANT = (
    "SELECT currency, count(*) FROM purchase_order WHERE tenant = :ref AND created_at >= :begins AND "
    "created_at < :ends GROUP BY 1",
    "SELECT currency, sum(amount) FROM purchase_order WHERE tenant = :ref AND paid_at >= :begins AND paid_at < :ends "
    "GROUP BY 1",
    "SELECT o.currency, sum(l.quantity) FROM purchase_order o JOIN order_line l ON l.order_id = o.id WHERE "
    "o.tenant = :ref AND o.paid_at >= :begins AND o.paid_at < :ends GROUP BY 1",
    "SELECT 'XXX', count(*) FROM customer WHERE tenant_id = :id AND created_at >= :begins AND created_at < :ends",
)
_WRITE = """
INSERT INTO tenant_daily_figure (tenant_id, day, currency, orders, revenue, new_customers, products_sold)
VALUES (:id, CAST(:begins AS date), :currency, :orders, :revenue, :customers, :products)
"""
_SUMS = "SELECT count(*), sum(orders), sum(revenue), sum(new_customers), sum(products_sold) FROM tenant_daily_figure"


def run() -> Ratios:
    """Seconds for all tenants; medians of interleaved rounds."""
    day = yesterday()
    with scratch("postgresql") as runtime:
        fill(runtime, LINES, day)
        ways: dict[str, Callable[[], float]] = {
            "job": lambda: seconds_of(run_now(runtime, "aggregate_analytics")),
            "statement": lambda: _statement(runtime, day),
        }
        taken: dict[str, list[float]] = {name: [] for name in ways}
        sums = set()
        for _round in range(ROUNDS):
            for name, way in ways.items():
                _tidy(runtime)
                taken[name].append(way())
                sums.add(_sums(runtime))
        loop = _loop(runtime, day)
    if len(sums) > 1:
        raise RuntimeError(f"the ways find different figures: {sums}")
    job, tenants = median(taken["job"]), tenants_of(LINES)
    what = f"aggregate_analytics of {LINES:,} lines, {tenants:,} tenants, per second"
    return {
        "analytics-against-loop": Ratio.of_figures(tenants / job, loop, what, "a loop per tenant"),
        "analytics-against-statement": Ratio.of_figures(
            tenants / job, tenants / median(taken["statement"]), what, "one hand-written statement"
        ),
    }


def _tidy(runtime: Runtime) -> None:
    """Each finds the table without the rows that the one before replaced."""
    with runtime.db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql("VACUUM tenant_daily_figure")
        connection.exec_driver_sql("CHECKPOINT")


def _statement(runtime: Runtime, day: datetime) -> float:
    """In a transaction that replaces what is there, as the job's does."""
    began = time.perf_counter()
    with runtime.db.engine.begin() as connection:
        connection.execute(text("DELETE FROM tenant_daily_figure"))
        connection.execute(text(_ONE), _hours(day))
    return time.perf_counter() - began


def _loop(runtime: Runtime, day: datetime) -> float:
    """Tenants per second, a transaction each: four questions, and a row per currency."""
    tenants = min(SAMPLE, tenants_of(LINES))
    began = time.perf_counter()
    for number in range(1, tenants + 1):
        about = _hours(day) | {"id": number, "ref": f"T-{number:06}"}
        with runtime.db.engine.begin() as connection:
            connection.execute(text("DELETE FROM tenant_daily_figure WHERE tenant_id = :id"), {"id": number})
            found: list[dict[str, int]] = [
                dict(connection.execute(text(question), about).tuples().all()) for question in _OF_ONE_TENANT
            ]
            for currency in set().union(*found):
                names = ("orders", "revenue", "products", "customers")
                figures = {name: int(its.get(currency, 0)) for name, its in zip(names, found, strict=True)}
                connection.execute(text(_WRITE), about | figures | {"currency": currency})
    return tenants / (time.perf_counter() - began)


def _hours(day: datetime) -> dict[str, datetime]:
    return {"begins": day, "ends": day + timedelta(days=1)}


def _sums(runtime: Runtime) -> tuple[int, ...]:
    with runtime.db.engine.connect() as connection:
        return tuple(map(int, connection.execute(text(_SUMS)).one()))
