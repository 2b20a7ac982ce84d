"""The audit chain, recomputed from its rows: each batch's digest, each link, and the end that the head names."""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

import psycopg

from soak.oracle.findings import LOST, WRONG, Finding

_CHAIN, _SEALED = "the audit chain is whole", "every audit record is sealed"
_COLUMNS = (
    "pos", "actor", "actor_name", "action", "subject_kind", "subject_id", "run_id", "request_id", "origin", "reason",
    "before", "after",
)  # fmt: skip
_NOTHING = "0" * 64


def check(connection: psycopg.Connection, secret: str) -> list[Finding]:
    """What is wrong with the chains, and records outside of them; `secret` is the desk's SECRET_KEY."""
    key = hashlib.sha256(f"escrow-desk|audit|{secret}".encode()).digest()
    digests = _digests(connection)
    heads = dict[str, tuple[int, str]]()
    for chain, seq, head in connection.execute("SELECT chain, seq, hash FROM audit_head").fetchall():
        heads[chain] = (seq, head)
    found: list[Finding] = []
    sealed: set[int] = set()
    query = "SELECT chain, seq, batch, rows, digest, previous, hash FROM audit_seal ORDER BY chain, seq"
    ends: dict[str, tuple[int, str]] = dict.fromkeys(heads, (0, _NOTHING))
    for chain, seq, batch, rows, digest, previous, link in connection.execute(query).fetchall():
        last, before = ends.get(chain, (0, _NOTHING))
        sealed.add(batch)
        if seq != last + 1 or previous != before:
            found.append(Finding(_CHAIN, LOST, f"{chain}: seal {seq} does not follow {last}"))
        if digests.get(batch) != (rows, digest):
            found.append(Finding(_CHAIN, WRONG, f"{chain}: the records of seal {seq} are not those that it covers"))
        content = f"{chain}|{seq}|{batch}|{rows}|{digest}|{previous}".encode()
        if hmac.new(key, content, hashlib.sha256).hexdigest() != link:
            found.append(Finding(_CHAIN, WRONG, f"{chain}: seal {seq} was not made with the key"))
        ends[chain] = (seq, link)
    for chain, end in ends.items():
        if heads.get(chain) != end:
            found.append(Finding(_CHAIN, LOST, f"{chain} ends at {end[0]}, and its head says {heads.get(chain)}"))
    for batch in sorted(set(digests) - sealed):
        found.append(Finding(_SEALED, WRONG, f"batch {batch} has records that no seal covers"))
    return found


def _digests(connection: psycopg.Connection) -> dict[int, tuple[int, str]]:
    """How many records each batch has, and their digest: each field with its length before it, a record a line."""
    moment = "to_char(timezone('UTC', at), 'YYYY-MM-DD HH24:MI:SS.US')"
    query = f"SELECT batch, {moment}, {', '.join(_COLUMNS)}, role FROM audit ORDER BY batch, pos"
    lines: dict[int, list[str]] = {}
    for batch, *fields, role in connection.execute(query.encode()):
        line = "".join(_field(field) for field in fields) + ("" if role is None else _field(role))
        lines.setdefault(batch, []).append(line)
    return {batch: (len(rows), _digest(rows)) for batch, rows in lines.items()}


def _field(value: Any) -> str:
    return "-" if value is None else f"{len(str(value))}:{value}"


def _digest(lines: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
