"""A process that is cut off from the database learns it before anybody takes over what it has in hand."""

import socket
from datetime import timedelta
from typing import Any

import pytest
from psycopg import conninfo

from webapp import db
from webapp.jobs.steps import process_webhooks, send_payouts, send_refunds, start_checkout, verify_payments
from webapp.jobs.steps.outbox import sender as outbox_sender
from webapp.runtime import Runtime
from webapp.services.reconciliation import mirror_queue
from webapp.settings import Settings

LEASES = {
    "refunds": send_refunds.LEASE,
    "payouts": send_payouts.LEASE,
    "payments": verify_payments.LEASE,
    "inbound webhooks": process_webhooks.LEASE,
    "checkouts": start_checkout.LEASE,
    "deliveries": outbox_sender._LEASE,
    "mirror entries": mirror_queue.LEASE,
    "runs": timedelta(seconds=Settings.model_fields["run_lease_seconds"].default),
}


@pytest.mark.parametrize("what", LEASES)
def test_silence_is_noticed_before_the_lease_is_over(what: str) -> None:
    assert timedelta(seconds=db.SILENCE_SECONDS) < LEASES[what]


def test_a_connection_gives_a_silent_server_up(pg_runtime: Runtime) -> None:
    with pg_runtime.db.reading() as session:
        raw: Any = session.connection().connection.dbapi_connection
        given: dict[str, Any] = conninfo.conninfo_to_dict(raw.info.dsn)
    noticed = int(given["keepalives_idle"]) + int(given["keepalives_interval"]) * int(given["keepalives_count"])
    assert (given["keepalives"], noticed) == ("1", db.SILENCE_SECONDS)
    assert given["tcp_user_timeout"] == str(db.SILENCE_SECONDS * 1000)


def test_the_socket_itself_has_the_time_out() -> None:
    """libpq sets it on the socket before it says anything, so that whoever listens is enough to see it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)
        place = f"postgresql://desk@127.0.0.1:{listening.getsockname()[1]}/desk"
        found = _options_of(db.Database(place), listening)
    assert found == (1, db.SILENCE_SECONDS * 1000)


def _options_of(made: db.Database, listening: socket.socket) -> tuple[int, int]:
    import psycopg

    arguments = {**made.engine.dialect.create_connect_args(made.engine.url)[1], **db._SOCKET}
    del arguments["context"]
    connecting = psycopg.pq.PGconn.connect_start(conninfo.make_conninfo(**arguments).encode())
    taken, _ = listening.accept()
    while connecting.status not in (psycopg.pq.ConnStatus.MADE, psycopg.pq.ConnStatus.AWAITING_RESPONSE):
        connecting.connect_poll()
    with socket.socket(fileno=socket.dup(connecting.socket)) as mine:
        found = (
            mine.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
            mine.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
        )
    connecting.finish()
    taken.close()
    made.close()
    return found
