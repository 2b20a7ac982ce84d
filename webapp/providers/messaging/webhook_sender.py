"""Posting a signed webhook to an address that somebody else chose: bounded, checked, and never led elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import requests
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

from webapp import clock
from webapp.domain.outbox.addresses import Network
from webapp.providers.http import leases
from webapp.providers.http.errors import NotSent, Unknown
from webapp.providers.http.ssrf_guard import AddressPolicy, CheckedAdapter, PrivateAddress

CONNECT_SECONDS = 5.0
MOST_BYTES = 64 * 1024
_SHOWN = 300
_LONGEST_WAIT = 24 * 3600.0


@dataclass(frozen=True)
class WebhookResponse:
    """What the receiver said: its status, the beginning of its body, and in how many seconds it wants to be asked."""

    status: int
    excerpt: str
    retry_after: float | None = None

    @property
    def is_good(self) -> bool:
        """Whether it took the message."""
        return 200 <= self.status < 300


class WebhookPosts:
    """Posts webhooks. Each call has a connection of its own; safe to use from many threads."""

    def __init__(self, seconds: float, allowed: Sequence[Network] = ()) -> None:
        self._seconds, self._allowed = seconds, allowed

    def post(self, url: str, body: str, headers: Mapping[str, str]) -> WebhookResponse:
        """Post once, under the lease at hand, and hear the answer. Raises NotSent or Unknown when there is none."""
        with AddressPolicy(self._allowed, self._seconds) as policy, requests.Session() as session:
            session.trust_env = False
            session.mount("http://", CheckedAdapter(policy))
            session.mount("https://", CheckedAdapter(policy))
            try:
                return self._answer(session, url, body, headers)
            except (RequestException, HTTPError, OSError, ValueError) as problem:
                raise self._failed(problem, overdue=policy.overdue) from None

    def _answer(self, session: requests.Session, url: str, body: str, headers: Mapping[str, str]) -> WebhookResponse:
        named = {"Content-Type": "application/json", "User-Agent": "Escrow-Desk-Webhooks/1", "Connection": "close"}
        timeout = (min(CONNECT_SECONDS, self._seconds), self._seconds)
        leases.ensure_live(self._seconds)
        with session.post(
            url, data=body.encode(), headers=named | dict(headers), timeout=timeout, allow_redirects=False, stream=True
        ) as response:
            return WebhookResponse(response.status_code, _beginning(response), _retry_after(response.headers))

    def _failed(self, problem: Exception, *, overdue: bool) -> NotSent | Unknown:
        if overdue:
            return Unknown(f"It did not answer within {self._seconds:g} s.")
        cause = _cause(problem)
        if isinstance(cause, PrivateAddress):
            return NotSent("Its name leads to a private address, so nothing was sent.")
        if isinstance(cause, NewConnectionError):
            return NotSent("It can't be reached.")
        if isinstance(problem, requests.exceptions.SSLError):
            return NotSent("Its certificate can't be trusted, so nothing was sent.")
        return Unknown("It did not answer, or broke off.")


def _cause(problem: Exception) -> object:
    cause = problem.args[0] if problem.args else None
    return cause.reason if isinstance(cause, MaxRetryError) else problem


def _beginning(response: requests.Response) -> str:
    """What it says, as far as it is read: the status is the answer even when the rest never comes."""
    try:
        start = response.raw.read(MOST_BYTES, decode_content=False)
    except (HTTPError, OSError):
        return ""
    return "".join(c if c.isprintable() else " " for c in start.decode("utf-8", "replace")[:_SHOWN]).strip()


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from now, of either form the header has; at most a day."""
    value = headers.get("Retry-After", "")
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), _LONGEST_WAIT)
    try:
        seconds = (parsedate_to_datetime(value) - clock.now()).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(seconds, 0.0), _LONGEST_WAIT)
