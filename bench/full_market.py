"""What else a desk of years has beside orders, escrows and runs: people that can be called, payments, payouts, cases.

It comes after `bench.market`, on PostgreSQL; SQLite is given the same rows by copying them.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Table, insert, select, text

from bench import market
from webapp.demo.clear.triggers_disabled import triggers_disabled
from webapp.models import (
    Account,
    Approval,
    Base,
    Dispute,
    Escrow,
    Order,
    Party,
    Payment,
    Payout,
    PayoutDestination,
    PayoutSchedule,
    Run,
    Tenant,
    User,
)
from webapp.runtime import Runtime

_AT_ONCE = 5_000
_FIRST = "(ARRAY['Ngozi','Chidi','Divine','Amina','Wanjiru','Otieno','Uwase','Mugisha','Grace','Jose'])"
_LAST = "(ARRAY['Afolabi','Okafor','Kamau','Mwangi','Habimana','Reyes','Santos','Balogun','Njoroge','Eze'])"
_STATEMENTS = (
    "SET session_replication_role = replica",
    f"""
    UPDATE party SET phone = '+234' || 8030000000 + id * 7919 % 100000000,
        email = 'person' || id || '@shop.example', name = {_FIRST}[1 + id % 10] || ' ' || {_LAST}[1 + id / 10 % 10] ||
        CASE WHEN id % 4 > 0 THEN ' ' || id ELSE '' END
    """,
    """
    INSERT INTO tenant (id, ref, name, zone, created_at, updated_at, stored_at)
    SELECT n, 'T-' || lpad(n::text, 6, '0'), 'Shop ' || n, 'Africa/Lagos', now(), now(), now()
    FROM generate_series(1, :parties / 10) n
    """,
    """
    UPDATE escrow SET policy = 'placement', placement = 'PL-' || lpad((id / 4000)::text, 6, '0') WHERE id % 100 = 3
    """,
    """
    INSERT INTO payment (id, order_id, provider, reference, status, amount, currency, created_at, provider_id,
        settled_at, version)
    SELECT o.id, o.id, CASE WHEN o.id % 2 = 0 THEN 'paystack' ELSE 'flutterwave' END, 'pay-' || md5(o.id::text),
        CASE WHEN o.id % 500 = 0 THEN 'needs_review' WHEN o.id % 50 = 0 THEN 'failed' ELSE 'succeeded' END, o.amount,
        o.currency, o.created_at, (7000000000 + o.id::bigint * 7919)::text, o.created_at, 1
    FROM purchase_order o
    """,
    """
    INSERT INTO dispute (id, ref, escrow_id, kind, claimant, reason_code, claim, status, opened_at, due_at, assignee_id,
        resolution, resolved_at, version)
    SELECT n, 'D-' || lpad(n::text, 6, '0'), e.id, CASE WHEN n % 10 = 0 THEN 'warranty_claim' ELSE 'dispute' END,
        'buyer', 'not_received', 'It did not come.', s.status, e.created_at, e.created_at + interval '5 days',
        CASE WHEN n % 3 > 0 THEN 1 + n % 20 END, CASE WHEN s.status = 'resolved' THEN 'refund_to_buyer' END,
        CASE WHEN s.status = 'resolved' THEN e.created_at + interval '4 days' END, 1
    FROM generate_series(1, :count / 5) n JOIN escrow e ON e.id = n * 5,
        LATERAL (SELECT CASE WHEN n % 20 = 0 THEN 'under_review' WHEN n % 20 = 1 THEN 'needs_response'
            WHEN n % 200 = 2 THEN 'withdrawn' ELSE 'resolved' END AS status) s
    """,
    """
    INSERT INTO payout_destination (id, party_id, currency, kind, bank_code, account_name, account_encrypted,
        account_ending, created_at, created_by)
    SELECT n, n, (ARRAY['NGN', 'KES', 'RWF', 'PHP', 'USD'])[1 + n % 5], 'nuban', '044', 'Account ' || n, '', '0000',
        now(), 'bench'
    FROM generate_series(1, :parties) n
    """,
    """
    INSERT INTO payout (id, ref, party_id, destination_id, provider, currency, amount, status, provider_id, attempts,
        created_at, created_by, settled_at, version)
    SELECT n, 'PO-' || lpad(n::text, 8, '0'), 1 + n % :parties, 1 + n % :parties, 'paystack',
        (ARRAY['NGN', 'KES', 'RWF', 'PHP', 'USD'])[1 + n % 5], 10000 + (n::bigint * 7919) % 900000,
        CASE WHEN n % 1000 = 0 THEN 'failed' ELSE 'paid' END, 'TRF_' || md5('payout' || n), 1,
        now() - (:count - n) * interval '60 seconds', 'bench', now(), 1
    FROM generate_series(1, :count / 4) n
    """,
    """
    INSERT INTO payout_schedule (id, ref, party_id, placement, currency, amount, due_at, status, retry_count,
        created_at, created_by, version)
    SELECT n, 'PS-' || lpad(n::text, 8, '0'), 1 + n % :parties, 'PL-' || lpad((n / 40)::text, 6, '0'), 'NGN', 50000,
        now() - (:count - n) * interval '60 seconds', CASE WHEN n % 100 = 0 THEN 'failed' ELSE 'completed' END, 0,
        now(), 'bench', 1
    FROM generate_series(1, :count / 10) n
    """,
    """
    INSERT INTO approval (id, subject_kind, subject_id, escrow_id, action, payload, subject_version, currency, amount,
        status, reason, proposed_by, proposed_by_name, proposed_at, expires_at)
    SELECT n, 'escrow', n * 7, n * 7, 'refund', '{}', 1, 'NGN', 25000000 + n,
        CASE WHEN n % 50 = 0 THEN 'proposed' ELSE 'executed' END, 'Bench', 'user:1', 'Bench', now(),
        now() + interval '2 days'
    FROM generate_series(1, :count / 50) n
    """,
    """
    INSERT INTO desk_user (id, email, name, active, zone, created_at)
    SELECT n, 'user' || n || '@desk.example', 'Agent Number ' || n, true, 'UTC', now() FROM generate_series(1, 300) n
    """,
    "SET session_replication_role = DEFAULT",
)
_COPIED: tuple[type[Base], ...] = (
    User,
    Party,
    Account,
    Tenant,
    Order,
    Escrow,
    Payment,
    Dispute,
    PayoutDestination,
    PayoutSchedule,
    Payout,
    Approval,
    Run,
)
_NUMBERED = (
    "tenant",
    "payment",
    "dispute",
    "payout_destination",
    "payout",
    "payout_schedule",
    "approval",
    "desk_user",
)


def fill(runtime: Runtime, count: int) -> None:
    """So many orders with all that belongs to them, on PostgreSQL."""
    market.fill(runtime, count)
    market.write(runtime, _STATEMENTS, _NUMBERED, count)


def copy(source: Runtime, target: Runtime) -> None:
    """The same rows in SQLite, whose own functions can't make them as quickly."""
    with source.db.reading() as session, target.db.transaction() as written, triggers_disabled(written):
        there, here = session.connection(), written.connection()
        for model in _COPIED:
            table: Any = model.__table__
            for some in _batches(there, table):
                here.execute(insert(table), some)
    with target.db.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")


def _batches(connection: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    after = 0
    while True:
        query = select(table).where(table.c.id > after).order_by(table.c.id).limit(_AT_ONCE)
        rows = [dict(row) for row in connection.execute(query).mappings()]
        if not rows:
            return
        yield rows
        after = rows[-1]["id"]


def rows(connection: Connection) -> int:
    """How many orders there are, by the number of the last one."""
    return int(connection.scalar(text("SELECT max(id) FROM purchase_order")) or 0)
