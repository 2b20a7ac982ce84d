"""A mail server that takes every letter, from anyone with any password, and puts it into the mailbox."""

import asyncio
import email
import socket
from email import policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from webapp.sandbox.core import fault_modes
from webapp.sandbox.core.sandbox import Sandbox
from webapp.sandbox.core.settings import HOST
from webapp.sandbox.messaging.mailbox import record

_TAKEN = "250 OK"
_REFUSALS = {
    fault_modes.REFUSE: "550 5.1.1 The recipient was refused",
    fault_modes.ERROR_500: "451 4.3.0 Something went wrong; try again later",
    fault_modes.RATE_LIMITED: "421 4.7.0 Too many letters; try again later",
}


class _MailHandler:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a letter, with the fault of provider `email`, call `send`."""
        fault = self._sandbox.active_faults.take("email", "send")
        wait = self._sandbox.options.patience if fault is None or fault.seconds is None else fault.seconds
        if fault and fault.fault_mode == fault_modes.TIMEOUT_BEFORE:
            await asyncio.sleep(wait)
        if fault and not fault.has_effect:
            return _REFUSALS.get(fault.fault_mode, _REFUSALS[fault_modes.ERROR_500])
        self._store(session, envelope)
        if fault and fault.fault_mode == fault_modes.TIMEOUT_AFTER:
            await asyncio.sleep(wait)
        return _REFUSALS.get(fault.fault_mode, _TAKEN) if fault else _TAKEN

    def _store(self, session: Session, envelope: Envelope) -> None:
        raw = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content or "").encode()
        letter = email.message_from_bytes(raw, policy=policy.default)
        kept: dict[str, Any] = {
            "html": _part(letter, "html"),
            "headers": {name: str(value) for name, value in letter.items()},
            "signed_in": bool(session.authenticated),
        }
        for to in envelope.rcpt_tos:
            record(
                self._sandbox.store,
                "email",
                to,
                _part(letter, "plain"),
                sender=envelope.mail_from or "",
                subject=str(letter["subject"] or ""),
                **kept,
            )


class MailServer(Controller):
    """SMTP on this machine; `port` is where."""

    def __init__(self, sandbox: Sandbox, port: int) -> None:
        self._socket = socket.create_server((HOST, port))
        super().__init__(
            _MailHandler(sandbox),
            hostname=HOST,
            port=self._socket.getsockname()[1],
            auth_require_tls=False,
            authenticator=lambda *_: AuthResult(success=True),
        )

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._socket)


def _part(letter: EmailMessage, kind: str) -> str:
    body = letter.get_body((kind,))
    return str(body.get_content()).replace("\r\n", "\n") if body is not None else ""
