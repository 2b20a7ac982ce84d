"""Letters by SMTP: TLS whenever the server offers it, one connection for many, and headers that nobody can add to."""

import smtplib
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from urllib.parse import SplitResult, unquote, urlsplit

from webapp import clock
from webapp.providers.http import leases
from webapp.providers.http.errors import CallFailed, NotSent, ProviderRefused, Unknown

_BATCH_SECONDS = 60.0
_HERE = ("localhost", "127.0.0.1", "::1")
_FOR_GOOD = 500
_POLICY = SMTP.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Email:
    """A message in plain text. Its name makes the Message-ID, which stays the same when it is sent again."""

    name: str
    to: str
    subject: str
    body: str
    attachments: Sequence[Attachment] = ()


class Mail:
    """The mail server of SMTP_URL: `smtp://user:password@host:587` or `smtps://…`."""

    def __init__(self, url: str, sender: str, seconds: float) -> None:
        self._server, self._seconds = urlsplit(url), seconds
        name, address = parseaddr(sender)
        self._from = Address(name, addr_spec=address or "desk@localhost")

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self._server.hostname}:{self._port}"

    @property
    def user(self) -> str:
        """Whom the desk signs in as; empty when it does not."""
        return unquote(self._server.username or "")

    @property
    def sender(self) -> str:
        """The address that letters are from."""
        return self._from.addr_spec

    def rehearse(self) -> tuple[int, str]:
        """Do all that comes before a letter: what the server answered to the sender's name.

        Raises what goes wrong as it is: OSError, SMTPException, or NotSent where the password would be read on its way.
        """
        connection = self._prepared(self._opened(self._server.hostname or ""))
        try:
            code, message = connection.mail(self._from.addr_spec)
            connection.rset()
            return code, message.decode("utf-8", "replace")
        finally:
            _say_goodbye(connection)

    def certificate(self) -> bytes:
        """The certificate that the server shows, trusted or not. Nothing is told over that connection."""
        untrusting = ssl.create_default_context()
        untrusting.check_hostname, untrusting.verify_mode = False, ssl.CERT_NONE
        connection = self._opened(self._server.hostname or "", untrusting)
        try:
            if self._server.scheme != "smtps":
                connection.starttls(context=untrusting)
            shown: bytes = connection.sock.getpeercert(binary_form=True)  # type: ignore[union-attr]
            return shown
        finally:
            connection.close()

    def send(self, emails: Sequence[Email]) -> list[CallFailed | None]:
        """Send over one connection, under the lease at hand; None for each that the server took.

        Ends early rather than late: see NotSent.
        """
        if not emails:
            return []
        try:
            connection = self._connected()
        except CallFailed as failure:
            return [failure] * len(emails)
        ends = time.monotonic() + _BATCH_SECONDS
        try:
            return [self._sent(connection, email, ends) for email in emails]
        finally:
            _say_goodbye(connection)

    def _sent(self, connection: smtplib.SMTP, email: Email, ends: float) -> CallFailed | None:
        if connection.sock is None or time.monotonic() > ends:
            return NotSent("The mail server had no time for it.")
        try:
            to = email.to.strip()
            options = _options(connection, self._from.addr_spec + to)
            # Not `send_message`, which puts ">" before each line of the body that begins with "From ".
            written = self._written(email).as_bytes(policy=_POLICY.clone(utf8=bool(options)))
            leases.ensure_live(self._seconds)
            connection.sendmail(self._from.addr_spec, [to], written, options)
        except leases.LeaseEnded as ended:
            return ended
        except (MessageError, ValueError, IndexError):
            return ProviderRefused("This can't be an email address.", status=_FOR_GOOD)
        except smtplib.SMTPException as problem:
            return _failed(problem)
        except OSError:
            connection.close()
            return Unknown("The mail server broke off.")
        return None

    def _written(self, email: Email) -> EmailMessage:
        message = EmailMessage(policy=_POLICY)
        message["From"] = self._from
        message["To"] = Address(addr_spec=email.to.strip())
        message["Subject"] = " ".join(email.subject.split())
        message["Date"] = format_datetime(clock.now())
        message["Message-ID"] = f"<{email.name}@{self._from.domain or 'localhost'}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(email.body)
        for each in email.attachments:
            kind, _, detail = each.media_type.partition("/")
            message.add_attachment(each.content, maintype=kind, subtype=detail, filename=each.name)
        return message

    def _connected(self) -> smtplib.SMTP:
        if not self._server.hostname:
            raise NotSent("No mail server is set: SMTP_URL is empty.")
        try:
            return self._prepared(self._opened(self._server.hostname))
        except smtplib.SMTPAuthenticationError:
            raise NotSent("The mail server refused our user and password.") from None
        except ssl.SSLError:
            raise NotSent("The mail server's certificate can't be trusted.") from None
        except (smtplib.SMTPException, OSError):
            raise NotSent("The mail server can't be reached.") from None

    @property
    def _port(self) -> int:
        return self._server.port or (465 if self._server.scheme == "smtps" else 587)

    def _opened(self, host: str, context: ssl.SSLContext | None = None) -> smtplib.SMTP:
        if self._server.scheme == "smtps":
            trusted = context or ssl.create_default_context()
            return smtplib.SMTP_SSL(host, self._port, timeout=self._seconds, context=trusted)
        return smtplib.SMTP(host, self._port, timeout=self._seconds)

    def _prepared(self, connection: smtplib.SMTP) -> smtplib.SMTP:
        try:
            secure = self._secured(connection)
            self._sign_in(connection, self._server, secure=secure)
        except BaseException:
            connection.close()
            raise
        return connection

    def _secured(self, connection: smtplib.SMTP) -> bool:
        connection.ehlo_or_helo_if_needed()
        if self._server.scheme == "smtps":
            return True
        if not connection.has_extn("starttls"):
            return False
        connection.starttls(context=ssl.create_default_context())
        connection.ehlo()
        return True

    def _sign_in(self, connection: smtplib.SMTP, server: SplitResult, *, secure: bool) -> None:
        if not server.username:
            return
        if not secure and server.hostname not in _HERE:
            raise NotSent("The mail server offers no TLS, so our password was not sent to it.")
        connection.login(unquote(server.username), unquote(server.password or ""))


def _options(connection: smtplib.SMTP, addresses: str) -> list[str]:
    """What the server has to be told of addresses with other letters than ASCII's."""
    if addresses.isascii():
        return []
    if not connection.has_extn("smtputf8"):
        raise smtplib.SMTPNotSupportedError("It takes no address with such letters.")
    return ["SMTPUTF8", "BODY=8BITMIME"]


def _failed(problem: smtplib.SMTPException) -> CallFailed:
    """The server's no: for good when it says so with a code of five hundred."""
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        code = max((code for code, _ in problem.recipients.values()), default=0)
    elif isinstance(problem, smtplib.SMTPServerDisconnected):
        return Unknown("The mail server broke off.")
    else:
        code = problem.smtp_code if isinstance(problem, smtplib.SMTPResponseException) else 0
    if code >= _FOR_GOOD:
        return ProviderRefused(f"The mail server refused it with {code}.", status=code)
    return NotSent(f"The mail server did not take it now{f': {code}' if code else ''}.")


def _say_goodbye(connection: smtplib.SMTP) -> None:
    try:
        connection.quit()
    except (smtplib.SMTPException, OSError):
        connection.close()
