"""Acknowledged writes: each is there once. What was refused is not there; what nobody answered, at most once."""

import json
from collections import defaultdict
from pathlib import Path
from typing import LiteralString

import psycopg

from soak.oracle.findings import DOUBLED, LOST, UNSERVED, WRONG, Finding

_BY_REASON: LiteralString = "SELECT reason, count(*) FROM audit WHERE reason = ANY(%(of)s) AND action = '{}' GROUP BY 1"
_OR_PROPOSED: LiteralString = """SELECT reason, max(times) FROM (
    {} UNION ALL SELECT reason, count(*) FROM approval WHERE reason = ANY(%(of)s) GROUP BY 1) AS found (reason, times)
    GROUP BY 1"""


def _decided(action: LiteralString) -> LiteralString:
    return _BY_REASON.replace("{}", action)


def _or_proposed(query: LiteralString) -> LiteralString:
    return _OR_PROPOSED.replace("{}", query)


QUERIES: dict[str, LiteralString] = {
    "endpoint": "SELECT description, count(*) FROM webhook_endpoint WHERE description = ANY(%(of)s) GROUP BY 1",
    "party": "SELECT ref, count(*) FROM party WHERE ref = ANY(%(of)s) GROUP BY 1",
    "deposit": "SELECT reference, count(*) FROM transfer WHERE reference = ANY(%(of)s) AND kind = 'deposit' GROUP BY 1",
    "destination": """SELECT party_id::text, count(*) FROM payout_destination WHERE party_id::text = ANY(%(of)s)
                      AND retired_at IS NULL GROUP BY 1""",
    "order": """SELECT o.ref, count(*) FROM purchase_order o JOIN escrow e ON e.order_id = o.id
                WHERE o.ref = ANY(%(of)s) GROUP BY 1""",
    "payment": """SELECT o.ref, count(*) FROM payment p JOIN purchase_order o ON o.id = p.order_id
                  WHERE o.ref = ANY(%(of)s) GROUP BY 1""",
    "payout_schedule": "SELECT ref, count(*) FROM payout_schedule WHERE ref = ANY(%(of)s) GROUP BY 1",
    "completion": """SELECT subject_id::text, count(*) FROM audit WHERE subject_kind = 'order'
                     AND action = 'order.complete' AND subject_id::text = ANY(%(of)s) GROUP BY 1""",
    "freeze": "SELECT reason, count(*) FROM \"freeze\" WHERE reason = ANY(%(of)s) AND cause = 'person' GROUP BY 1",
    "dispute": "SELECT claim, count(*) FROM dispute WHERE claim = ANY(%(of)s) GROUP BY 1",
    "resolution": _or_proposed(
        """SELECT resolution_reason, count(*) FROM dispute WHERE resolution_reason = ANY(%(of)s) AND status = 'resolved'
           GROUP BY 1"""
    ),
    "approval": """SELECT decided_by_name || ':' || id, count(*) FROM approval
                   WHERE decided_by_name || ':' || id = ANY(%(of)s) AND status IN ('executed', 'rejected')
                   GROUP BY 1""",
    "placement_hold": """SELECT substr(ref, 3), count(*) FROM escrow WHERE substr(ref, 3) = ANY(%(of)s)
                         AND policy = 'placement' GROUP BY 1""",
    "reversal": _or_proposed(_decided("transfer.reverse")),
    "unfreeze": _decided("escrow.unfreeze"),
    "withdrawal": _decided("dispute.withdraw"),
    "escrow_release": _or_proposed(_decided("escrow.release")),
    "escrow_refund": _or_proposed(_decided("escrow.refund")),
    "order_cancelled": _decided("escrow.void"),
}
"""How often a write of each kind is there, by the name that the journal has for it."""

TRACES: dict[str, LiteralString] = {"payment": QUERIES["payment"].replace("GROUP", "AND p.status = 'failed' GROUP")}
"""What a refusal leaves: a payment that its provider surely did not begin is kept as a failed attempt."""


_BY_WEIGHT = ("acknowledged", "asked", "unsure", "refused")


def check(connection: psycopg.Connection, journal: Path) -> list[Finding]:
    """Every write of the journal, looked for."""
    states = _states(journal)
    names: dict[str, list[str]] = defaultdict(list)
    for kind, name in states:
        names[kind].append(name)
    found: list[Finding] = []
    for kind, of_kind in names.items():
        there: dict[str, int] = dict(connection.execute(QUERIES[kind], {"of": of_kind}).fetchall())
        traces: dict[str, int] = {}
        if kind in TRACES:
            traces = dict(connection.execute(TRACES[kind], {"of": of_kind}).fetchall())
        for name in of_kind:
            left = traces.get(name, 0) if states[kind, name] == "refused" else 0
            found += _judged(kind, name, states[kind, name], there.get(name, 0) - left)
    return found


def _states(journal: Path) -> dict[tuple[str, str], str]:
    """How each write stands by its name. One that a person asked for twice, on a page and over the API, is there when
    either was acknowledged.
    """
    last: dict[str, tuple[str, str, str]] = {}
    for line in journal.read_text().splitlines():
        row = json.loads(line)
        last[row["key"]] = (row["kind"], row["name"], row["state"])
    states: dict[tuple[str, str], str] = {}
    for kind, name, state in last.values():
        states[kind, name] = min(state, states.get((kind, name), state), key=_BY_WEIGHT.index)
    return states


def _judged(kind: str, name: str, state: str, times: int) -> list[Finding]:
    rule = f"an acknowledged {kind} is there once"
    if times > 1:
        return [Finding(rule, DOUBLED, f"{kind} {name} is there {times} times ({state})")]
    if state == "acknowledged" and times == 0:
        return [Finding(rule, LOST, f"{kind} {name} was acknowledged and is not there")]
    if state == "refused" and times:
        return [Finding(f"a refused {kind} is not there", WRONG, f"{kind} {name} was refused and is there")]
    if state == "asked":
        return [Finding("a write is answered", UNSERVED, f"{kind} {name} was never answered")]
    return []
