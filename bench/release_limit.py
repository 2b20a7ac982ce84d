"""The limit: hand-written set-based SQL that writes the same rows in one transaction, same triggers, one seal."""

import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from webapp.runtime import Runtime

CHAIN = "limit"

_DUE = """
CREATE TEMP TABLE due AS
SELECT e.id, e.ref, e.hold_no, e.currency, e.amount, e.fee, e.held_account_id, w.id AS wallet_id, f.id AS fees_id,
       row_number() OVER (ORDER BY e.id) AS n
FROM escrow e
JOIN account w ON w.party_id = e.seller_id AND w.kind = 'wallet' AND w.currency = e.currency
JOIN account f ON f.party_id IS NULL AND f.kind = 'fees' AND f.currency = e.currency
WHERE e.policy = 'deadline' AND e.status = 'held' AND e.freezes = 0 AND e.release_at <= :at
"""
_TRANSFER = """
INSERT INTO transfer ({id} reference, kind, currency, amount, escrow_id, hold_no, is_disbursement, at)
SELECT {number} 'escrow-' || id || '-' || hold_no || '-release', 'release',
    currency, amount, id, hold_no, true, :at FROM due
"""
_SIDES = """
SELECT {key}, held_account_id, currency, -amount FROM due {join}
UNION ALL SELECT {key}, wallet_id, currency, amount - fee FROM due {join}
UNION ALL SELECT {key}, fees_id, currency, fee FROM due {join} WHERE fee > 0
"""
_ACCOUNTS = """
UPDATE account SET balance = balance + d.delta FROM (
  SELECT account_id, sum(delta) AS delta FROM (
    SELECT held_account_id AS account_id, -amount AS delta FROM due
    UNION ALL SELECT wallet_id, amount - fee FROM due UNION ALL SELECT fees_id, fee FROM due) AS sides
    GROUP BY account_id
) AS d WHERE account.id = d.account_id
"""
_ESCROWS = """
UPDATE escrow SET status = 'released', closed_at = :at, close_reason = 'expired', blocked = NULL, version = version + 1
WHERE id IN (SELECT id FROM due)
"""
_AUDIT = """
INSERT INTO audit (batch, pos, at, actor, actor_name, action, subject_kind, subject_id, reason, before, after)
SELECT :batch, n, :at, 'job:auto_release', 'auto_release', 'escrow.release', 'escrow', id, 'expired',
       '{"status":"held"}', '{"status":"released"}' FROM due
"""
_EVENT = """
INSERT INTO event (type, subject_kind, subject_id, payload, at)
SELECT 'escrow.released', 'escrow', id, CAST({build}('escrow', ref, 'amount', amount, 'fee', fee, 'currency', currency,
       'reason', 'expired') AS TEXT), :at FROM due
"""
_LINES = (
    "SELECT pos || '|' || subject_id || '|' || action || '|' || before || '|' || after AS line "
    "FROM audit WHERE batch = :batch"
)


def release(runtime: Runtime, at: datetime) -> int:
    """Pay everything due in one go; returns how many were paid."""
    sqlite = runtime.db.is_sqlite
    with runtime.db.engine.connect().execution_options(desk_writes=True) as connection, connection.begin():
        when = {"at": at.replace(tzinfo=None).isoformat(" ", "microseconds") if sqlite else at}
        connection.execute(text(_DUE), when)
        (_money_on_sqlite if sqlite else _money_on_postgresql)(connection, when)
        connection.execute(text(_ACCOUNTS))
        connection.execute(text(_ESCROWS), when)
        count: int = connection.execute(text("SELECT count(*) FROM due")).scalar_one()
        build = "json_object" if sqlite else "json_build_object"
        connection.execute(text(_EVENT.replace("{build}", build)), when)
        _audit(connection, when, count, sqlite)
        connection.execute(text("DROP TABLE due"))
    return count


def _money_on_postgresql(connection: Connection, when: dict[str, Any]) -> None:
    made = _TRANSFER.format(id="", number="")
    sides = _SIDES.format(key="made.id", join="JOIN made ON made.escrow_id = due.id")
    entries = f"INSERT INTO entry (transfer_id, account_id, currency, amount) {sides}"
    statement = f"WITH made AS ({made} RETURNING id, escrow_id) {entries}"
    connection.execute(text(statement), when)


def _money_on_sqlite(connection: Connection, when: dict[str, Any]) -> None:
    base = connection.execute(text("SELECT coalesce(max(id), 0) FROM transfer")).scalar_one()
    sides = _SIDES.format(key=f"{base} + n", join="")
    connection.execute(text(f"INSERT INTO entry (transfer_id, account_id, currency, amount) {sides}"))
    connection.execute(text(_TRANSFER.format(id="id,", number=f"{base} + n,")), when)


def _audit(connection: Connection, when: dict[str, Any], count: int, sqlite: bool) -> None:
    batch = secrets.randbits(61)
    connection.execute(text(_AUDIT.replace(':"', '\\:"')), {**when, "batch": batch})
    if sqlite:
        summed = f"SELECT rows_digest(line) FROM ({_LINES} ORDER BY pos)"
    else:
        digest = "encode(sha256(convert_to(string_agg(line, E'\\n'), 'UTF8')), 'hex')"
        summed = f"SELECT {digest} FROM ({_LINES} ORDER BY pos) AS rows"
    digest = connection.execute(text(summed), {"batch": batch}).scalar_one()
    connection.execute(
        text("INSERT INTO audit_head (chain, seq, hash) VALUES (:chain, 0, '') ON CONFLICT DO NOTHING"),
        {"chain": CHAIN},
    )
    seq, previous = connection.execute(
        text("SELECT seq, hash FROM audit_head WHERE chain = :chain"), {"chain": CHAIN}
    ).one()
    link = hmac.new(b"bench", f"{previous}|{digest}".encode(), hashlib.sha256).hexdigest()
    values = {
        "chain": CHAIN,
        "seq": seq + 1,
        "batch": batch,
        "rows": count,
        "digest": digest,
        "previous": previous,
        "hash": link,
    }
    connection.execute(
        text(
            "INSERT INTO audit_seal (chain, seq, batch, rows, digest, previous, hash, key_id) "
            "VALUES (:chain, :seq, :batch, :rows, :digest, :previous, :hash, 'bench')"
        ),
        values,
    )
    connection.execute(text("UPDATE audit_head SET seq = :seq, hash = :hash WHERE chain = :chain"), values)
