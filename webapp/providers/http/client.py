"""One HTTP call to a provider: bounded in time and size, no redirects, TLS checked, honest about how it ended."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as Disconnected
from requests.exceptions import ConnectTimeout, RequestException
from urllib3.exceptions import HTTPError, MaxRetryError, NameResolutionError, NewConnectionError

from webapp.providers.http import leases
from webapp.providers.http.answer_kinds import AnswerKind, KnownAnswers
from webapp.providers.http.circuit_breaker import CircuitBreaker
from webapp.providers.http.errors import (
    CallFailed,
    Exists,
    KeyRefused,
    NotAnswered,
    NotDone,
    NotSent,
    ProviderRefused,
    Unknown,
)
from webapp.providers.http.rate_limiter import RateLimiter

CONNECT_SECONDS = 5.0
MOST_BYTES = 4 * 1024 * 1024
_PIECE = 16 * 1024
_LONGEST_WAIT = 3600.0


def bearer(token: str) -> dict[str, str]:
    """The headers of a call that is made under a key or an access token."""
    return {"Authorization": f"Bearer {token}", "Accept": "application/json"}


@dataclass(frozen=True)
class ClientConfig:
    """How one company is reached. `headers` are made anew for each call."""

    name: str
    base: str
    headers: Callable[[], Mapping[str, str]]
    answers: KnownAnswers
    seconds: float
    """How long one call may take, all in all."""


class HttpClient:
    """Calls to one company. Safe to use from many threads at once."""

    def __init__(self, config: ClientConfig, circuit: CircuitBreaker, limiter: RateLimiter, *, parallel: int) -> None:
        self.name, self._config, self._circuit, self._limiter = config.name, config, circuit, limiter
        self._session = requests.Session()
        self._session.trust_env = False
        adapter = HTTPAdapter(pool_connections=2, pool_maxsize=parallel, max_retries=0)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def get(self, path: str, **params: Any) -> Any:
        """Ask. Once more when the first try was not answered: asking changes nothing."""
        try:
            return self._call("GET", path, params=params)
        except Unknown:
            return self._call("GET", path, params=params)

    def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Any:
        """Do, under the lease at hand. Never repeated here: who calls knows whether that is harmless."""
        return self._call("POST", path, json=body, headers=headers, acts=True)

    def ask(self, path: str, body: Any) -> Any:
        """Ask by POST what changes nothing there; once more when it was not answered."""
        try:
            return self._call("POST", path, json=body)
        except Unknown:
            return self._call("POST", path, json=body)

    def ask_form(self, path: str, fields: Mapping[str, str]) -> Any:
        """Ask by a form's fields, which changes nothing there."""
        return self._call("POST", path, data=fields)

    def _call(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, acts: bool = False, **more: Any
    ) -> Any:
        self._circuit.ensure_closed()
        self._limiter.wait(self._config.seconds)
        try:
            carried = dict(self._config.headers()) | dict(headers or {})
            if acts:
                leases.ensure_live(CONNECT_SECONDS + self._config.seconds)
            answer = self._answer(method, path, carried, acts, more)
        except leases.LeaseEnded:
            raise
        except (ProviderRefused, NotSent) as failure:
            self._note(failure)
            raise
        except Unknown as failure:
            self._circuit.record_failure(failure.sentence)
            raise
        self._circuit.record_success()
        return answer

    def _note(self, failure: CallFailed) -> None:
        """A refusal is an answer; a key that is refused, or a door that is shut, is a failure."""
        if isinstance(failure, ProviderRefused | NotDone):
            self._circuit.record_success()
        elif failure.retry_after is None:
            self._circuit.record_failure(failure.sentence)

    def _answer(self, method: str, path: str, headers: Mapping[str, str], acts: bool, more: Mapping[str, Any]) -> Any:
        ends = time.monotonic() + self._config.seconds
        try:
            response = self._session.request(
                method,
                self._config.base.rstrip("/") + path,
                headers=headers,
                timeout=(min(CONNECT_SECONDS, self._config.seconds), self._config.seconds),
                allow_redirects=False,
                stream=True,
                **more,
            )
            with response:
                self._session.cookies.clear()
                return self._judged(response, self._read(response, ends), method, path, acts)
        except (RequestException, HTTPError) as problem:
            raise self._failed(problem) from None

    def _read(self, response: requests.Response, ends: float) -> bytes:
        found = bytearray()
        while piece := response.raw.read1(_PIECE, decode_content=True):
            found += piece
            if len(found) > MOST_BYTES:
                raise Unknown(f"{self.name} answered with more than {MOST_BYTES // 2**20} MiB.")
            if time.monotonic() > ends:
                raise Unknown(f"{self.name} did not finish its answer within {self._config.seconds:g} s.")
        return bytes(found)

    def _judged(self, response: requests.Response, raw: bytes, method: str, path: str, acts: bool) -> Any:
        status, wait = response.status_code, _retry_after(response)
        if 300 <= status < 400:
            raise Unknown(f"{self.name} answered with a redirect, which is not followed.", status=status)
        try:
            body = json.loads(raw, parse_float=Decimal)  # amounts in major units stay exact
        except ValueError:
            if status < 400:
                raise Unknown(f"{self.name} answered {status} with something that is not JSON.") from None
            body = None
        kind = self._config.answers.classify(method, path, status, body)
        if kind != AnswerKind.ANSWER:
            raise self._failure(kind, status, body, wait, acts)
        if not isinstance(body, dict | list | None):
            raise Unknown(f"{self.name} answered with an unexpected shape.", status=status)
        return body

    def _failure(self, kind: AnswerKind, status: int, body: Any, wait: float | None, acts: bool) -> CallFailed:
        """The failure that an answer is. What is not known to be a refusal may have been done."""
        code, message = self._config.answers.read_error(body)
        reason = message.rstrip(".") or str(status)
        known: dict[str, Any] = {"status": status, "code": code}
        if status == 429:
            return NotSent(f"{self.name} asks us to slow down.", retry_after=wait or 60.0, **known)
        if kind == AnswerKind.KEY_REFUSED:
            return KeyRefused(f"{self.name} refuses our key: {reason}.", **known)
        if kind == AnswerKind.NOT_SENT:
            return NotDone(f"{self.name} did not do it: {reason}.", retry_after=wait, **known)
        if kind == AnswerKind.EXISTS:
            return Exists(f"{self.name} has it already, or had it: {reason}.", **known)
        if kind == AnswerKind.REFUSED:
            return ProviderRefused(f"{self.name} refused: {reason}.", **known)
        if body is None:
            return Unknown(f"{self.name} answered {status} with something that is not JSON.", retry_after=wait, **known)
        if acts or status >= 500:
            return Unknown(f"{self.name} answered {status}: {reason}.", retry_after=wait, **known)
        return NotAnswered(f"{self.name} refused: {reason}.", **known)

    def _failed(self, problem: RequestException | HTTPError) -> CallFailed:
        if isinstance(problem, ConnectTimeout) or (isinstance(problem, Disconnected) and _never_connected(problem)):
            return NotSent(f"{self.name} can't be reached.")
        return Unknown(f"{self.name} did not answer within {self._config.seconds:g} s, or broke off.")


def _never_connected(problem: Disconnected) -> bool:
    cause = problem.args[0] if problem.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(reason, NewConnectionError | NameResolutionError)


def _retry_after(response: requests.Response) -> float | None:
    seconds = response.headers.get("Retry-After", "")
    return min(float(seconds), _LONGEST_WAIT) if seconds.isascii() and seconds.isdigit() else None
