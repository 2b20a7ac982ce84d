"""Certificates that end soon are said before they end: of real listeners, each in the protocol of its server."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from real.certificates import PrivateCA
from tests.conftest import settings_for
from webapp import clock, health_checks
from webapp.runtime import build_runtime
from webapp.services.monitoring.certificates import (
    CertificateFinding,
    ShownCertificate,
    TlsEndpoint,
    endpoints,
    evaluate,
    examine,
    shown_by,
)
from webapp.settings import Settings

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
Serve = Callable[..., int]


@contextmanager
def listener(context: ssl.SSLContext, before: Callable[[socket.socket], bool]) -> Iterator[int]:
    """A server that shows its certificate to whoever connects, and says nothing else; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            while True:
                try:
                    line, _ = listening.accept()
                except OSError:
                    return
                with line:
                    if before(line):
                        try:
                            context.wrap_socket(line, server_side=True).close()
                        except OSError:
                            continue

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield int(listening.getsockname()[1])
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def _at_once(_line: socket.socket) -> bool:
    return True


def _as_postgresql(line: socket.socket) -> bool:
    """Yes to the request of eight bytes by which libpq asks for TLS."""
    assert line.recv(8) == bytes.fromhex("00000008 04d2162f")
    line.sendall(b"S")
    return True


def _without_tls(line: socket.socket) -> bool:
    line.recv(8)
    line.sendall(b"N")
    return False


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts listeners whose certificate ends after so many days, and gives their ports."""
    ca = PrivateCA(tmp_path / "ca")
    with ExitStack() as stack:

        def start(days: float, before: Callable[[socket.socket], bool] = _at_once) -> int:
            return stack.enter_context(listener(under(ca, days), before))

        yield start


def under(ca: PrivateCA, days: float) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*ca.issue("server", days=days))
    return context


def found(settings: Settings) -> CertificateFinding:
    return examine(settings, clock.now())


def test_a_certificate_of_two_days_is_wrong_and_doctor_says_what_to_do(
    serve: Serve, sqlite_url: str, tmp_path: Path
) -> None:
    port = serve(2 + 0.5)
    runtime = build_runtime(settings_for(sqlite_url, tmp_path, public_url=f"https://localhost:{port}"))
    line = health_checks.dates_of_certificates(runtime)
    runtime.db.close()
    assert line.verdict == "wrong"
    assert line.found.startswith(f"The certificate of the desk's own address (localhost:{port}) ends on ")
    assert line.found.endswith("Z, in 2 days.")
    assert line.do == "the desk's own address: Renew it at the proxy in front, and reload that."


def test_three_weeks_before_it_is_warned_of_and_else_all_is_well(serve: Serve, tmp_path: Path) -> None:
    soon, later, ended = serve(20.5), serve(22), serve(-1)
    made = [
        settings_for("sqlite://", tmp_path, public_url=f"https://127.0.0.1:{port}") for port in (soon, later, ended)
    ]
    assert [found(each).verdict for each in made] == ["warning", "ok", "wrong"]
    assert "in 20 days." in found(made[0]).found
    assert found(made[1]).found.startswith("Asked: 1. The first to end is that of the desk's own address")
    assert " ended on " in found(made[2]).found


def test_every_server_is_asked_in_its_own_protocol(serve: Serve, tmp_path: Path) -> None:
    ports = {name: serve(40) for name in ("desk", "redis", "paystack", "oidc", "evidence")}
    database, plain = serve(2.5, _as_postgresql), serve(2, _without_tls)
    mail = Controller(Sink(), "127.0.0.1", 0, tls_context=under(PrivateCA(tmp_path / "mail"), 10.5))
    mail.port = _free()
    mail.start()
    made = settings_for(
        f"postgresql://desk@127.0.0.1:{database},127.0.0.1:{plain}/desk",
        tmp_path,
        public_url=f"https://127.0.0.1:{ports['desk']}",
        redis_url=f"rediss://127.0.0.1:{ports['redis']}/0",
        smtp_url=f"smtp://127.0.0.1:{mail.port}",
        paystack_secret_key="sk_live_of_a_test",
        paystack_url=f"https://127.0.0.1:{ports['paystack']}",
        oidc_issuer=f"https://127.0.0.1:{ports['oidc']}/desk",
        oidc_client_id="desk",
        oidc_client_secret="of the desk",
        evidence_bucket="evidence",
        s3_endpoint=f"https://127.0.0.1:{ports['evidence']}",
    )
    shown = {each.endpoint.port: each for each in shown_by(endpoints(made))}
    mail.stop()
    days = {port: round((each.ends - clock.now()) / timedelta(days=1)) for port, each in shown.items() if each.ends}
    assert days == dict.fromkeys(ports.values(), 40) | {database: 2, mail.port: 10}
    assert (shown[plain].is_known, shown[plain].problem) == (False, "")
    finding = evaluate(list(shown.values()), clock.now())
    assert finding.verdict == "wrong"
    assert f"PostgreSQL (127.0.0.1:{database}) ends on" in finding.found
    assert f"the mail server (127.0.0.1:{mail.port}) ends on" in finding.found
    assert "pg_reload_conf" in finding.do


def test_who_shows_none_is_named_and_never_called_well(serve: Serve, tmp_path: Path) -> None:
    nobody = _free()
    finding = found(settings_for("sqlite://", tmp_path, public_url=f"https://127.0.0.1:{nobody}"))
    assert finding.verdict == "warning"
    assert finding.found == f"the desk's own address (127.0.0.1:{nobody}) showed none: Connection refused."


@pytest.mark.parametrize(
    "given",
    [
        {"public_url": "http://desk.example", "smtp_url": ""},
        {"redis_url": "redis://127.0.0.1:1/0"},
        {"database_url": "postgresql://desk@127.0.0.1:1/desk?sslmode=disable"},
        {"database_url": "postgresql://desk@/desk?host=/run/postgresql"},
        {"paystack_url": "https://api.paystack.co"},
        {"s3_endpoint": "https://s3.example"},
    ],
)
def test_what_is_not_used_over_tls_is_not_asked(given: dict[str, str], tmp_path: Path) -> None:
    made = settings_for(given.pop("database_url", "sqlite://"), tmp_path, **given)
    assert endpoints(made) == []
    assert found(made) == CertificateFinding("ok", "Nothing is reached over TLS.")


@pytest.mark.parametrize(
    ("ends", "begins", "verdict"),
    [
        (timedelta(days=21, seconds=1), timedelta(-1), "ok"),
        (timedelta(days=21), timedelta(-1), "warning"),
        (timedelta(days=3, seconds=1), timedelta(-1), "warning"),
        (timedelta(days=3), timedelta(-1), "wrong"),
        (timedelta(0), timedelta(-1), "wrong"),
        (timedelta(days=90), timedelta(hours=1), "wrong"),
    ],
)
def test_the_limits_are_three_weeks_and_three_days(ends: timedelta, begins: timedelta, verdict: str) -> None:
    endpoint = TlsEndpoint("Redis", "redis.example", 6380, "Renew it.")
    assert evaluate([ShownCertificate(endpoint, AT + begins, AT + ends)], AT).verdict == verdict


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
