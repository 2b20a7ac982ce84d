"""Why the mail server can't be used: the true reason, and whose fault it is to mend."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from real.certificates import PrivateCA
from tests.conftest import settings_for
from webapp import health_checks
from webapp.providers.messaging.mail_check import MailHealth, check_mail
from webapp.providers.messaging.smtp import Mail
from webapp.runtime import Runtime, build_runtime

Serve = Callable[..., int]
USER = "desk%40desk.test:p%40ss"


class _Handler:
    """Takes no letter, and none from strangers."""

    async def handle_MAIL(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        envelope.mail_from = address
        return "250 OK" if address == "desk@desk.test" else "553 5.7.1 Sender address rejected: not yours"


def _sign_in(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    return AuthResult(handled=False, success=(data.login, data.password) == (b"desk@desk.test", b"p@ss"))


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts mail servers, and gives the port of each."""
    started: list[Controller] = []

    def start(**options: Any) -> int:
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            port = int(free.getsockname()[1])
        started.append(Controller(_Handler(), hostname="127.0.0.1", port=port, **options))
        started[-1].start()
        return port

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def ca(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PrivateCA:
    """A CA that is trusted here."""
    made = PrivateCA(tmp_path / "ca")
    monkeypatch.setenv("SSL_CERT_FILE", str(made.certificate))
    return made


def secured(ca: PrivateCA, *hosts: str) -> dict[str, Any]:
    """A server's options: TLS by STARTTLS under this certificate, and sign-in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*ca.issue("mail", *hosts))
    return {"tls_context": context, "authenticator": _sign_in}


def asked(url: str, sender: str = "Desk <desk@desk.test>", seconds: float = 5) -> MailHealth:
    return check_mail(Mail(url, sender, seconds))


def test_one_that_would_take_a_letter_is_well(serve: Serve, ca: PrivateCA) -> None:
    port = serve(**secured(ca))
    found = asked(f"smtp://{USER}@localhost:{port}")
    assert (found.is_well, found.sentence) == (True, f"localhost:{port} answers and takes the user desk@desk.test.")
    assert asked(f"smtp://localhost:{serve()}").sentence.endswith(" answers.")


def test_a_certificate_of_a_private_ca_is_named_with_its_issuer(
    serve: Serve, ca: PrivateCA, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_starttls, from_the_start = serve(**secured(ca)), serve(ssl_context=secured(ca)["tls_context"])
    monkeypatch.delenv("SSL_CERT_FILE")
    for url in (f"smtp://{USER}@localhost:{by_starttls}", f"smtps://localhost:{from_the_start}"):
        found = asked(url)
        assert not found.is_well
        assert "is issued by Escrow Desk's private CA, which is not trusted here" in found.sentence
        assert "SSL_CERT_FILE" in found.do


def test_a_certificate_for_another_host_is_named_with_its_hosts(serve: Serve, ca: PrivateCA) -> None:
    port = serve(**secured(ca, "mail.example.org", "mx.example.org"))
    found = asked(f"smtp://{USER}@localhost:{port}")
    assert found.sentence == f"The certificate of localhost:{port} is for mail.example.org, mx.example.org."


@pytest.mark.parametrize("user", ["desk:wrong", "desk%40desk.test:wrong"])
def test_a_wrong_password_is_told_from_everything_else(serve: Serve, ca: PrivateCA, user: str) -> None:
    found = asked(f"smtp://{user}@localhost:{serve(**secured(ca))}")
    assert "refused our user and password: 535" in found.sentence
    assert "wrong" not in found.sentence


def test_one_without_sign_in_is_named(serve: Serve) -> None:
    found = asked(f"smtp://{USER}@localhost:{serve()}")
    assert "offers no sign-in (AUTH), and SMTP_URL has a user." in found.sentence


def test_one_that_wants_a_sign_in_is_named(serve: Serve) -> None:
    port = serve(authenticator=_sign_in, auth_required=True, auth_require_tls=False)
    found = asked(f"smtp://localhost:{port}")
    assert "wants a sign-in, or TLS before: 530" in found.sentence
    assert asked(f"smtp://{USER}@localhost:{port}").is_well


def test_one_that_takes_nothing_from_us_is_named(serve: Serve) -> None:
    found = asked(f"smtp://localhost:{serve()}", sender="desk@localhost")
    assert "takes no letters from desk@localhost: 553 5.7.1 Sender address rejected: not yours." in found.sentence
    assert "MAIL_FROM" in found.do


def test_a_port_is_named_where_nothing_listens_or_something_else_does(serve: Serve, ca: PrivateCA) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        silent = taken.getsockname()[1]
        assert "did not answer in time" in asked(f"smtp://localhost:{silent}", seconds=0.2).sentence
    assert "refuses connections" in asked(f"smtp://127.0.0.1:{silent}").sentence
    assert "does not begin with TLS" in asked(f"smtps://localhost:{serve()}").sentence
    waiting = serve(ssl_context=secured(ca)["tls_context"])
    assert "wants TLS from the start" in asked(f"smtp://localhost:{waiting}", seconds=0.2).sentence
    assert "its name has no address" in asked("smtp://mail.invalid:25").sentence


def test_doctor_says_it(serve: Serve, sqlite_runtime: Runtime, tmp_path: Path) -> None:
    assert health_checks.mail(sqlite_runtime).found == "No mail server is set: no letters are sent."
    wired = build_runtime(settings_for(sqlite_runtime.db.url, tmp_path, smtp_url=f"smtp://{USER}@localhost:{serve()}"))
    found = health_checks.mail(wired)
    assert (found.verdict, "offers no sign-in" in found.found, bool(found.do)) == ("wrong", True, True)
    assert "p@ss" not in found.found
