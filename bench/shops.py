"""A day of many shops, written by the database itself: a million order lines within a minute."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from webapp import clock
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.runtime import Runtime

LINES_OF_AN_ORDER = 3
LINES_OF_A_TENANT = 10

_STATEMENTS = (
    "SET session_replication_role = replica",
    """
    INSERT INTO party (id, ref, name, created_at)
    SELECT n, 'P-' || n, 'Party ' || n, :day - interval '1 day' FROM generate_series(1, 2) n
    """,
    """
    INSERT INTO tenant (id, ref, name, zone, created_at, updated_at, stored_at)
    SELECT n, 'T-' || lpad(n::text, 6, '0'), 'Tenant ' || n, 'Africa/Nairobi', :day, :day, :day
    FROM generate_series(1, :tenants) n
    """,
    """
    INSERT INTO customer (id, tenant_id, ref, created_at, updated_at, stored_at)
    SELECT n, n, 'C-' || n, :day + interval '9 hours', :day, :day FROM generate_series(1, :tenants) n
    """,
    # Of five orders one is not paid; its shop is another one each time.
    """
    INSERT INTO purchase_order (id, ref, buyer_id, seller_id, tenant, status, amount, currency, on_credit, created_at,
        paid_at)
    SELECT n, 'O-' || lpad(n::text, 8, '0'), 1, 2, 'T-' || lpad((1 + (n::bigint * 7919) % :tenants)::text, 6, '0'),
        CASE WHEN n % 5 = 0 THEN 'awaiting_payment' ELSE 'in_progress' END, 10000 + (n::bigint * 7919) % 900000,
        (ARRAY['NGN', 'KES', 'RWF'])[1 + n % 3], false, :day + (n % 86400) * interval '1 second',
        CASE WHEN n % 5 > 0 THEN :day + (n % 86400) * interval '1 second' END
    FROM generate_series(1, :orders) n
    """,
    """
    INSERT INTO order_line (id, tenant_id, ref, order_id, order_ref, product_ref, quantity, amount, currency,
        created_at, updated_at, stored_at)
    SELECT n, 1 + (o.id * 7919) % :tenants, 'L-' || n, o.id, o.ref, 'P-1', 1 + n % 7, 1000, o.currency, o.created_at,
        o.created_at, o.created_at
    FROM generate_series(1, :lines) n JOIN purchase_order o ON o.id = 1 + n % :orders
    """,
)


def yesterday() -> datetime:
    """Its midnight, in UTC."""
    today = clock.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=1)


def tenants_of(lines: int) -> int:
    """How many shops so many lines are spread over."""
    return max(1, lines // LINES_OF_A_TENANT)


def fill(runtime: Runtime, lines: int, day: datetime) -> None:
    """Write a day of so many lines, and let the database gather its statistics."""
    register_jobs(runtime)
    known = {
        "day": day,
        "lines": lines,
        "tenants": tenants_of(lines),
        "orders": max(1, lines // LINES_OF_AN_ORDER),
    }
    with runtime.db.engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in _STATEMENTS:
            connection.execute(
                text(statement), {name: value for name, value in known.items() if f":{name}" in statement}
            )
    with runtime.db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql("VACUUM ANALYZE")
        connection.exec_driver_sql("CHECKPOINT")
