"""A desk whose mail server or provider refuses it, or that is started beside another host's database."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from real import mail, servers
from real.certificates import PrivateCA
from real.place import Place
from real.setups.registry import Break, BrokenSetup
from webapp.services.common import instance

_KEY = "sk_" + "test_" + "0" * 32


def _mail(differs: Callable[[str, PrivateCA], Mapping[str, str]]) -> Break:
    """A mail server over TLS whose address and CA are given, but for what differs."""

    @contextmanager
    def begin(place: Place) -> Iterator[Mapping[str, str]]:
        ca = PrivateCA(place.new_folder())
        with mail.serving(ca) as post:
            yield {"SMTP_URL": post.url, "SSL_CERT_FILE": str(ca.certificate), **differs(post.url, ca)}

    return begin


def _port(url: str) -> str:
    return url.rpartition(":")[2]


class _Refusing(BaseHTTPRequestHandler):
    """A provider that takes no key."""

    def do_GET(self) -> None:
        """Say so, as Paystack does."""
        body = b'{"status": false, "message": "Invalid key"}'
        self.send_response(401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is said of requests."""


@contextmanager
def _key_refused(_place: Place) -> Iterator[Mapping[str, str]]:
    server = ThreadingHTTPServer((servers.HOST, 0), _Refusing)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield {"PAYSTACK_SECRET_KEY": _KEY, "PAYSTACK_URL": f"http://{servers.HOST}:{server.server_port}"}
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def _another_host(place: Place) -> Iterator[Mapping[str, str]]:
    url = place.own_database()
    first = place.runtime(DATABASE_URL=url, VAR_DIR=str(place.new_folder()))
    with first.db.transaction() as session:
        instance.record_first_start(session)
    first.db.close()
    yield {"DATABASE_URL": url, "VAR_DIR": str(place.new_folder())}


SETUPS = (
    BrokenSetup(
        "the mail server's CA is not known",
        _mail(lambda _url, _ca: {"SSL_CERT_FILE": ""}),
        "mail",
        ("not trusted", "SSL_CERT_FILE"),
    ),
    BrokenSetup(
        "the mail server's password is wrong",
        _mail(lambda url, _ca: {"SMTP_URL": url.replace(mail.PASSWORD, "wrong")}),
        "mail",
        ("user and password", "SMTP_URL"),
    ),
    BrokenSetup(
        "the mail server begins without TLS",
        _mail(lambda url, _ca: {"SMTP_URL": f"smtps://localhost:{_port(url)}"}),
        "mail",
        ("does not begin with TLS", "smtp://"),
    ),
    BrokenSetup(
        "nobody listens at the mail server's port",
        _mail(lambda _url, _ca: {"SMTP_URL": f"smtp://localhost:{servers.free_port()}"}),
        "mail",
        ("refuses connections", "SMTP_URL"),
    ),
    BrokenSetup("a provider refuses the key", _key_refused, "keys", ("paystack", "key")),
    BrokenSetup("the database is another host's", _another_host, "instance", ("INSTANCE_ID",)),
)
