"""After the load: everything is healed, and the desk has time to finish what it began."""

import signal
import time
from contextlib import suppress
from datetime import datetime
from typing import LiteralString

import psycopg
import requests

from soak.receiver import FINE
from soak.world import World

OUTSTANDING: dict[str, LiteralString] = {
    "events": "SELECT count(*) FROM event WHERE sent_at IS NULL AND at <= %(quiet)s",
    "webhooks": """SELECT count(*) FROM delivery d JOIN event e ON e.id = d.event_id WHERE d.channel = 'webhook'
                   AND d.status = 'waiting' AND e.at <= %(quiet)s""",
    "payouts": "SELECT count(*) FROM payout WHERE status IN ('pending', 'sending', 'sent') AND next_try_at IS NOT NULL",
    "refunds": "SELECT count(*) FROM refund WHERE status IN ('waiting', 'sending', 'pending')",
    "inbound webhooks": "SELECT count(*) FROM inbound_webhook WHERE status = 'received'",
    "mirrored transfers": "SELECT count(*) FROM mirror_entry WHERE status <> 'done'",
    "runs": """SELECT count(*) FROM run WHERE status IN ('queued', 'running')
               AND created_at < now() - interval '90 seconds'""",
    "escrows due": """SELECT count(*) FROM escrow e JOIN account a ON a.party_id = e.seller_id AND a.kind = 'wallet'
                      AND a.currency = e.currency WHERE e.status = 'held' AND e.freezes = 0
                      AND e.release_at < now() - interval '90 seconds'""",
}
"""What must be nothing in the end, and how much of it there is. What happens when the load is over needs no time.

A refund that has ended may be looked at again for days, in case its provider changes its mind: that is not waiting.
"""

_JOBS = ("handle_webhooks", "process_payout_schedules", "deliver_outbox")
_DATES = {
    "payment": "next_check_at",
    "payout": "next_try_at",
    "refund": "next_try_at",
    "inbound_webhook": "next_try_at",
    "delivery": "next_try_at",
    "mirror_entry": "next_try_at",
}


def heal(world: World) -> None:
    """Undo whatever a fault that was interrupted may have left."""
    world.receiver.mood = FINE
    world.links.heal()
    for process in world.supervisor.processes.values():
        process.held = False
        process.send_to_all(signal.SIGCONT)
    for each in world.postgresql.processes():
        with suppress(Exception):
            each.send_signal(signal.SIGCONT)
    if world.postgresql.disk:
        world.postgresql.disk.make_room()
    for step in (
        lambda: world.postgresql.read_only(False),
        lambda: world.redis.set_memory("0"),
        lambda: world.control("faults", method="DELETE"),
    ):
        _persist(step, 60)


def settle(world: World, seconds: float, quiet: datetime) -> dict[str, int]:
    """Wait until nothing is outstanding from before the load ended; gives what is, when the time is up.

    Waits of hours between two tries are let pass: their dates are brought forward.
    """
    ends = time.monotonic() + seconds
    left: dict[str, int] = {"unknown": 1}
    while time.monotonic() < ends:
        with suppress(psycopg.Error), world.postgresql.connect() as connection:
            connection.execute("SET default_transaction_read_only = off")
            _let_time_pass(connection)
            _verify_payments(world, connection)
            _run_jobs(world)
            found = {
                name: connection.execute(query, {"quiet": quiet}).fetchone() for name, query in OUTSTANDING.items()
            }
            left = {name: int(row[0]) for name, row in found.items() if row and row[0]}
            if not left:
                return {}
        time.sleep(3)
    return left


def _let_time_pass(connection: psycopg.Connection) -> None:
    for table, column in _DATES.items():
        connection.execute(
            f"UPDATE {table} SET {column} = now() WHERE {column} > now() + interval '3 seconds'".encode()
        )
    connection.execute(
        "UPDATE refund SET last_sent_at = last_sent_at - interval '1 hour' WHERE next_try_at IS NOT NULL"
    )
    connection.execute("UPDATE provider_state SET opened_at = NULL, failures = 0 WHERE opened_at IS NOT NULL")


def _run_jobs(world: World) -> None:
    """Have done now, as a person would, what is due within the minute; one that is under way refuses."""
    headers = {"Authorization": f"Bearer {world.accounts.tokens['shop']}"}
    for job in _JOBS:
        with suppress(requests.RequestException):
            requests.post(f"{world.url}/api/v1/jobs/{job}/trigger", json={}, headers=headers, timeout=10)


def _verify_payments(world: World, connection: psycopg.Connection) -> None:
    """Ask about every payment that nobody told of, as a person would."""
    waiting = "SELECT id FROM payment WHERE status = 'pending' AND reference IS NOT NULL AND checks < 3 LIMIT 40"
    headers = {"Authorization": f"Bearer {world.accounts.tokens['shop']}"}
    for (payment,) in connection.execute(waiting).fetchall():
        with suppress(requests.RequestException):
            requests.post(f"{world.url}/api/v1/payments/{payment}/verify", headers=headers, timeout=10)


def _persist(step: object, seconds: float) -> None:
    ends = time.monotonic() + seconds
    while callable(step):
        try:
            step()
        except Exception:
            if time.monotonic() > ends:
                raise
            time.sleep(0.5)
        else:
            return
