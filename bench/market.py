"""A large market, written by the database itself: a million escrows and a million runs within a minute or two."""

from collections.abc import Sequence

from sqlalchemy import text

from webapp.jobs.processes.bootstrap import register_jobs
from webapp.runtime import Runtime

PARTIES = 20_000

_STATEMENTS = (
    "SET session_replication_role = replica",
    """
    INSERT INTO party (id, ref, name, created_at)
    SELECT n, 'P-' || lpad(n::text, 6, '0'), 'Party ' || n, now() - interval '400 days'
    FROM generate_series(1, :parties) n
    """,
    """
    INSERT INTO account (id, kind, party_id, currency, floor, created_at)
    SELECT n, 'wallet', n, (ARRAY['NGN', 'KES', 'RWF', 'PHP', 'USD'])[1 + n % 5], 0, now()
    FROM generate_series(1, :parties) n
    """,
    """
    INSERT INTO purchase_order (id, ref, buyer_id, seller_id, status, amount, currency, on_credit, created_at, paid_at)
    SELECT n, 'O-' || lpad(n::text, 8, '0'), 1 + n % :parties, 1 + (n + 1 + (n * 7) % 9000) % :parties, 'in_progress',
        10000 + (n::bigint * 7919) % 900000, (ARRAY['NGN', 'KES', 'RWF', 'PHP', 'USD'])[1 + n % 5], false,
        now() - (:count - n) * interval '30 seconds', now() - (:count - n) * interval '30 seconds'
    FROM generate_series(1, :count) n
    """,
    """
    INSERT INTO escrow (id, ref, order_id, buyer_id, seller_id, policy, status, currency, amount, fee, hold_no, freezes,
        blocked, release_at, created_at, held_at, closed_at, close_reason, version)
    SELECT o.id, 'E-' || lpad(o.id::text, 8, '0'), o.id, o.buyer_id, o.seller_id, 'deadline', s.status, o.currency,
        o.amount, o.amount / 40, 1, CASE WHEN s.status = 'held' AND o.id % 97 = 0 THEN 1 ELSE 0 END,
        CASE WHEN s.status = 'held' AND o.id % 1009 = 0 THEN 'no_wallet' END,
        CASE WHEN s.status = 'held' THEN now() + (o.id % 60) * interval '1 day' + interval '1 hour'
            ELSE o.created_at + interval '7 days' END,
        o.created_at, o.created_at, CASE WHEN s.status = 'released' THEN o.created_at + interval '7 days' END,
        CASE WHEN s.status = 'released' THEN 'expired' END, 1
    FROM purchase_order o, LATERAL (SELECT CASE
        WHEN o.id / 5 % 10 < 7 THEN 'released' WHEN o.id / 5 % 10 < 9 THEN 'held'
        WHEN o.id % 2 = 1 THEN 'refunded' ELSE 'pending_payment' END AS status) s
    """,
    """
    INSERT INTO daily_figure (day, currency, held, released, refunded)
    SELECT d::date, c, 900000, 500000, 10000
    FROM generate_series(now() - interval '700 days', now(), interval '1 day') d,
        unnest(ARRAY['NGN', 'KES', 'RWF', 'PHP', 'USD']) c
    """,
    """
    INSERT INTO run (id, job, at, trigger, by, by_name, dry_run, status, attempt, processed, succeeded, failed, skipped,
        total, amounts, created_at, started_at, finished_at)
    SELECT n, (SELECT job FROM schedule ORDER BY job OFFSET n % 5 LIMIT 1), s.at, 'manual', 'user:1', 'Bench', false,
        CASE WHEN n % 50 = 0 THEN 'failed' ELSE 'succeeded' END, 1, n % 900, n % 900, 0, 0, n % 900,
        '{"NGN"\\:250000}', s.at, s.at, s.at + interval '3 seconds'
    FROM generate_series(1, :count) n, LATERAL (SELECT now() - (:count - n) * interval '60 seconds' AS at) s
    """,
    "SET session_replication_role = DEFAULT",
)
_NUMBERED = ("party", "account", "purchase_order", "escrow", "run")


def fill(runtime: Runtime, count: int) -> None:
    """Write it, then let the database gather its statistics as it would have over the years."""
    register_jobs(runtime)
    write(runtime, _STATEMENTS, _NUMBERED, count)


def write(runtime: Runtime, statements: Sequence[str], numbered: Sequence[str], count: int) -> None:
    """Carry the statements out, and let the tables that are numbered go on after their last row."""
    known = {"count": count, "parties": PARTIES}
    with runtime.db.engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in statements:
            values = {name: value for name, value in known.items() if f":{name}" in statement}
            connection.execute(text(statement), values)
        for table in numbered:
            connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"))
    with runtime.db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql("VACUUM ANALYZE")
