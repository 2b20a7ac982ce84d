"""Until when the certificates hold that the desk stands on: its own address, its servers, its providers.

Each server is connected to, asked for TLS as its protocol has it, and left: nothing is told over that connection, and
whether the certificate is trusted is finding where the server is used.
"""

import smtplib
import socket
import ssl
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from cryptography import x509

from webapp.database_address import parsed
from webapp.domain.numbers import counted
from webapp.providers import catalogue
from webapp.providers.messaging.smtp import Mail
from webapp.settings import Settings
from webapp.settings_parts import redis_address
from webapp.settings_parts.secret_files import SettingsWithFiles

WARNED_BEFORE = timedelta(days=21)
WRONG_BEFORE = timedelta(days=3)
_SECONDS = 5.0
"""How long one server may take to show its certificate."""
_AT_ONCE = 8
_OF_MAIL = "Renew it there: without it no letter goes out."
_SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
"""How a client of PostgreSQL asks for TLS, before it says who it is."""


@dataclass(frozen=True, slots=True)
class TlsEndpoint:
    """A server that is reached over TLS. `protocol` is `postgresql`, `smtp`, `smtps`; empty: TLS from the start."""

    name: str
    host: str
    port: int
    do: str
    """How its certificate is renewed."""
    protocol: str = ""

    @property
    def address(self) -> str:
        """For people."""
        return f"{self.name} ({self.host}:{self.port})"


@dataclass(frozen=True, slots=True)
class ShownCertificate:
    """What an endpoint showed: how long its certificate holds, or why that is not known. Neither: it offers no TLS."""

    endpoint: TlsEndpoint
    begins: datetime | None = None
    ends: datetime | None = None
    problem: str = ""

    @property
    def is_known(self) -> bool:
        """Whether it showed a certificate."""
        return self.ends is not None


@dataclass(frozen=True, slots=True)
class CertificateFinding:
    """`ok`, `warning` or `wrong`, with a sentence for each certificate that is not well, and what to do."""

    verdict: str
    found: str
    do: str = ""


def examine(settings: Settings, at: datetime) -> CertificateFinding:
    """Ask every endpoint of these settings, several at once, and evaluate what they show."""
    return evaluate(shown_by(endpoints(settings)), at)


def endpoints(settings: Settings) -> list[TlsEndpoint]:
    """Everything that these settings let the desk, or people, reach over TLS; each host and port once."""
    found = {
        (each.host, each.port): each
        for each in (*_of_providers(settings), *_of_mail(settings), *_of_redis(settings), *_of_database(settings))
    }
    own = _https("the desk's own address", settings.public_url, "Renew it at the proxy in front, and reload that.")
    found |= {(each.host, each.port): each for each in own}
    return list(found.values())[::-1]


def shown_by(asked: Sequence[TlsEndpoint]) -> list[ShownCertificate]:
    """What each shows, in this order."""
    if not asked:
        return []
    with ThreadPoolExecutor(min(_AT_ONCE, len(asked))) as threads:
        return list(threads.map(_shown, asked))


def evaluate(shown: Sequence[ShownCertificate], at: datetime) -> CertificateFinding:
    """The worst of them decides: one that ends within three days is wrong, one within three weeks is warned of."""
    known = [each for each in shown if each.is_known]
    if not known and not any(each.problem for each in shown):
        return CertificateFinding("ok", "Nothing is reached over TLS.")
    wrong = [each for each in known if _is_out(each, at) or _left(each, at) <= WRONG_BEFORE]
    soon = [each for each in known if each not in wrong and _left(each, at) <= WARNED_BEFORE]
    unasked = [each for each in shown if each.problem]
    if wrong or soon:
        sentences = [*(_sentence(each, at) for each in (*wrong, *soon)), *(_unasked(each) for each in unasked)]
        do = " ".join(dict.fromkeys(f"{each.endpoint.name}: {each.endpoint.do}" for each in (*wrong, *soon)))
        return CertificateFinding("wrong" if wrong else "warning", " ".join(sentences), do)
    well = _all_well(known)
    if unasked:
        do = "See that this machine reaches it, and ask again."
        return CertificateFinding("warning", " ".join([*(_unasked(each) for each in unasked), *well]), do)
    return CertificateFinding("ok", " ".join(well))


def _all_well(known: Sequence[ShownCertificate]) -> list[str]:
    if not known:
        return []
    ends, address = min((each.ends, each.endpoint.address) for each in known if each.ends)
    return [f"Asked: {len(known)}. The first to end is that of {address}, on {_day(ends)}."]


def _unasked(each: ShownCertificate) -> str:
    return f"{each.endpoint.address} showed none: {each.problem}."


def _sentence(each: ShownCertificate, at: datetime) -> str:
    whose = f"The certificate of {each.endpoint.address}"
    if each.begins is not None and at < each.begins:
        return f"{whose} begins to hold on {_day(each.begins)} only."
    if _is_out(each, at):
        return f"{whose} ended on {_day(each.ends)}."
    return f"{whose} ends on {_day(each.ends)}, in {counted(_left(each, at) // timedelta(days=1), 'day')}."


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}Z" if moment else ""


def _left(each: ShownCertificate, at: datetime) -> timedelta:
    return each.ends - at if each.ends else timedelta.max


def _is_out(each: ShownCertificate, at: datetime) -> bool:
    return _left(each, at) <= timedelta(0) or (each.begins is not None and at < each.begins)


def _shown(endpoint: TlsEndpoint) -> ShownCertificate:
    try:
        found = _mail(endpoint) if endpoint.protocol.startswith("smtp") else _certificate(endpoint)
    except smtplib.SMTPNotSupportedError:
        return ShownCertificate(endpoint)
    except (OSError, smtplib.SMTPException, ValueError) as problem:
        return ShownCertificate(endpoint, problem=_words(problem))
    if found is None:
        return ShownCertificate(endpoint)
    certificate = x509.load_der_x509_certificate(found)
    return ShownCertificate(endpoint, certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def _words(problem: Exception) -> str:
    if isinstance(problem, TimeoutError):
        return "it did not answer in time"
    strerror = problem.strerror if isinstance(problem, OSError) else None
    return (strerror or str(problem) or type(problem).__name__).rstrip(".")


def _mail(endpoint: TlsEndpoint) -> bytes:
    return Mail(f"{endpoint.protocol}://{endpoint.host}:{endpoint.port}", "", _SECONDS).certificate()


def _certificate(endpoint: TlsEndpoint) -> bytes | None:
    """What it shows, trusted or not; None from a PostgreSQL that offers no TLS."""
    untrusting = ssl.create_default_context()
    untrusting.check_hostname, untrusting.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((endpoint.host, endpoint.port), _SECONDS) as line:
        if endpoint.protocol == "postgresql":
            line.sendall(_SSL_REQUEST)
            if line.recv(1) != b"S":
                return None
        with untrusting.wrap_socket(line, server_hostname=endpoint.host) as secured:
            return secured.getpeercert(binary_form=True)


def _https(name: str, url: str, do: str) -> Iterator[TlsEndpoint]:
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        yield TlsEndpoint(name, parts.hostname, parts.port or 443, do)


def _of_database(settings: Settings) -> Iterator[TlsEndpoint]:
    """Every host of DATABASE_URL; a socket of this machine has no certificate."""
    address = parsed(settings.database_address)
    if not address.drivername.startswith("postgresql") or address.query.get("sslmode") == "disable":
        return
    do = "Put the new one where ssl_cert_file names it, then `SELECT pg_reload_conf()`."
    given = address.query.get("host", "")
    hosts = [given] if isinstance(given, str) else list(given)
    named = [each.rpartition(":") if ":" in each else (each, "", "") for each in hosts if each]
    several = [(host, port or str(address.port or 5432)) for host, _, port in named]
    for host, port in several or [(address.host or "", str(address.port or 5432))]:
        if host and not host.startswith("/"):
            yield TlsEndpoint("PostgreSQL", host.strip("[]"), int(port), do, "postgresql")


def _of_redis(settings: Settings) -> Iterator[TlsEndpoint]:
    do = "Put the new one in place, then `CONFIG SET tls-cert-file PATH tls-key-file PATH`."
    url = settings.redis_url
    if not url.startswith("rediss"):
        return
    found = redis_address.sentinels(url)
    parts = urlsplit(url) if found is None else None
    hosts = found.hosts if found else [(parts.hostname or "localhost", parts.port or 6379)] if parts else []
    for host, port in hosts:
        yield TlsEndpoint("Redis" if found is None else "Redis' Sentinel", host, port, do)


def _of_mail(settings: Settings) -> Iterator[TlsEndpoint]:
    parts = urlsplit(settings.smtp_url)
    if parts.hostname:
        port = parts.port or (465 if parts.scheme == "smtps" else 587)
        yield TlsEndpoint("the mail server", parts.hostname, port, _OF_MAIL, parts.scheme)


def _of_providers(settings: Settings) -> Iterator[TlsEndpoint]:
    """Each address of a provider that is configured, the identity provider and the store of evidence among them."""
    theirs = "It is theirs to renew: write to them, for calls fail from its end on."
    yield from _https("the store of evidence", settings.s3_endpoint if settings.evidence_bucket else "", theirs)
    yield from _https("the identity provider", settings.oidc_issuer, theirs)
    for each in catalogue.every():
        if not each.configuration(settings).missing:
            own: Iterable[SettingsWithFiles] = [settings, *([each.settings()] if each.settings else [])]
            for url in (url for given in own for url in _addresses(given, each.name)):
                yield from _https(each.name, url, theirs)


def _addresses(given: SettingsWithFiles, provider: str) -> Iterator[str]:
    for name in type(given).model_fields:
        if name.startswith(f"{provider}_") and name.endswith("_url"):
            yield str(getattr(given, name))
