"""A mail server that takes letters over TLS alone, from who signs in, with a certificate of a private CA."""

import email
import email.policy
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from real.certificates import PrivateCA
from real.servers import HOST

USER, PASSWORD = "desk", "of-the-mail-server"


class Post:
    """What came: subject and text of each letter, the oldest first. `url` is where it is sent."""

    def __init__(self) -> None:
        self.letters: list[str] = []
        self.url = ""

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Take a letter."""
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content or "").encode()
        letter = email.message_from_bytes(content, policy=email.policy.default)
        body = letter.get_body(("plain",))
        self.letters.append(f"{letter['subject']}: {body.get_content() if body else ''}")
        return "250 OK"


class _Server(Controller):
    def __init__(self, post: Post, ca: PrivateCA) -> None:
        self._socket = socket.create_server((HOST, 0))
        certificate, key = ca.issue("mail")
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate, key)
        port = int(self._socket.getsockname()[1])
        super().__init__(post, hostname=HOST, port=port, tls_context=tls, require_starttls=True, authenticator=_checked)
        post.url = f"smtp://{USER}:{PASSWORD}@localhost:{port}"

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._socket)


def _checked(_server: object, _session: object, _envelope: object, _mechanism: str, given: Any) -> AuthResult:
    right = isinstance(given, LoginPassword) and (given.login, given.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=right)  # what is not handled is refused in words


@contextmanager
def serving(ca: PrivateCA) -> Iterator[Post]:
    """One, until the block ends."""
    post = Post()
    server = _Server(post, ca)
    server.start()
    try:
        yield post
    finally:
        server.stop()
