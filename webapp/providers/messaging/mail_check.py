"""Why the mail server can't be used, by greeting it as a letter would be sent; no letter is sent."""

import smtplib
import socket
import ssl
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import NameOID

from webapp.providers.http.errors import NotSent
from webapp.providers.messaging.smtp import Mail

_NAMES = (62, 64)
"""Codes of OpenSSL: the certificate is for another host, or address."""
_EXPIRED = (9, 10)
_FOR_GOOD, _NEEDS_SIGN_IN = 500, 530
_PORTS = "Check host and port of SMTP_URL: 587 for smtp://, 465 for smtps://; a firewall may be between."


@dataclass(frozen=True, slots=True)
class MailHealth:
    """How the mail server stands, and what to do when letters can't be sent."""

    is_well: bool
    sentence: str
    do: str = ""


def check_mail(mail: Mail) -> MailHealth:
    """Connect, secure, sign in, name the sender, and go."""
    try:
        code, message = mail.rehearse()
    except ssl.SSLCertVerificationError as problem:
        return _untrusted(mail, problem)
    except ssl.SSLError:
        what = f"{mail.address} does not begin with TLS, as smtps:// says."
        return MailHealth(False, what, "Use smtp:// with port 587, which turns to TLS by STARTTLS.")
    except (smtplib.SMTPException, NotSent) as problem:
        return _refused(mail, problem)
    except OSError as problem:
        return _away(mail, problem)
    if code < 400:
        user = f" and takes the user {mail.user}" if mail.user else ""
        return MailHealth(True, f"{mail.address} answers{user}.")
    message = _text(message)
    if code == _NEEDS_SIGN_IN:
        what = f"{mail.address} wants a sign-in, or TLS before: {code} {message}."
        return MailHealth(False, what, "Put user and password into SMTP_URL: smtp://USER:PASSWORD@HOST:587.")
    what = f"{mail.address} takes no letters from {mail.sender}: {code} {message}."
    return MailHealth(False, what, "Set MAIL_FROM to an address that this server lets the desk send from.")


def _refused(mail: Mail, problem: smtplib.SMTPException | NotSent) -> MailHealth:
    where = mail.address
    if isinstance(problem, NotSent):
        do = "Let it offer STARTTLS, or use smtps://. Over an open line the password would be read."
        return MailHealth(False, f"{where} offers no TLS, so our password was not sent to it.", do)
    if isinstance(problem, smtplib.SMTPNotSupportedError):
        do = "Use its port for submission (587, or smtps:// with 465), or leave user and password out of SMTP_URL."
        return MailHealth(False, f"{where} offers no sign-in (AUTH), and SMTP_URL has a user.", do)
    if isinstance(problem, smtplib.SMTPAuthenticationError) and problem.smtp_code < _FOR_GOOD:
        message = f"{problem.smtp_code} {_text(problem.smtp_error)}"
        return MailHealth(False, f"{where} can't check our user and password now: {message}.", "See its log.")
    if isinstance(problem, smtplib.SMTPAuthenticationError):
        do = "Set user and password in SMTP_URL as the server has them; percent-encode @, : and /."
        message = _text(problem.smtp_error)
        return MailHealth(False, f"{where} refused our user and password: {problem.smtp_code} {message}.", do)
    if isinstance(problem, smtplib.SMTPServerDisconnected):
        if "timed out" in str(problem):  # smtplib makes this of a time-out while it waits for the greeting
            return _silent(where)
        return MailHealth(False, f"{where} broke off before it greeted, or amid it.", _PORTS)
    if isinstance(problem, smtplib.SMTPResponseException):
        message = _text(problem.smtp_error)
        return MailHealth(False, f"{where} turned us away: {problem.smtp_code} {message}.", "See its log.")
    do = "Let it offer PLAIN, LOGIN or CRAM-MD5 after STARTTLS."
    return MailHealth(False, f"{where} offers no way to sign in that we know.", do)


def _away(mail: Mail, problem: OSError) -> MailHealth:
    where = mail.address
    if isinstance(problem, socket.gaierror):
        return MailHealth(False, f"{where} is not known here: its name has no address.", _PORTS)
    if isinstance(problem, TimeoutError):
        return _silent(where)
    if isinstance(problem, ConnectionRefusedError):
        return MailHealth(False, f"{where} refuses connections: nothing listens there.", _PORTS)
    return MailHealth(False, f"{where} can't be reached: {problem.strerror or problem}.", _PORTS)


def _silent(where: str) -> MailHealth:
    return MailHealth(False, f"{where} did not answer in time. One that wants TLS from the start waits for it.", _PORTS)


def _untrusted(mail: Mail, problem: ssl.SSLCertVerificationError) -> MailHealth:
    shown = _certificate(mail)
    if problem.verify_code in _NAMES:
        names = ", ".join(_names(shown)) if shown else "another host"
        do = "Name it in SMTP_URL as its certificate does, or give it a certificate for this name."
        return MailHealth(False, f"The certificate of {mail.address} is for {names}.", do)
    if problem.verify_code in _EXPIRED:
        until = f" on {shown.not_valid_after_utc:%Y-%m-%d}" if shown else ""
        return MailHealth(False, f"The certificate of {mail.address} ended{until}, or begins later.", "Renew it there.")
    issuer = f"{_common(shown.issuer)}" if shown else "a CA"
    what = f"The certificate of {mail.address} is issued by {issuer}, which is not trusted here"
    do = "If that is your CA, give processes SSL_CERT_FILE with it (and the public ones), or add it to the machine's."
    return MailHealth(False, f"{what}: {problem.verify_message}.", do)


def _certificate(mail: Mail) -> x509.Certificate | None:
    """What it shows, looked at without trust: nothing is told over that connection."""
    try:
        return x509.load_der_x509_certificate(mail.certificate())
    except (OSError, smtplib.SMTPException, ValueError):
        return None


def _names(shown: x509.Certificate) -> list[str]:
    try:
        found = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return [_common(shown.subject)]
    return [str(each.value) for each in found]


def _common(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string()


def _text(message: bytes | str) -> str:
    text = message.decode("utf-8", "replace") if isinstance(message, bytes) else message
    return " ".join(text.split())[:200].rstrip(".")
