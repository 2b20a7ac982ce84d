"""Recorded exchanges sent to a server, in their order, and what it answers otherwise."""

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from webapp.conformance.comparing import differences, filled

_SECONDS = 30.0

Headers = Callable[[str], Mapping[str, str]]
"""What a call carries, by the word of the records for its key: `right`, `wrong` or `none`."""


@dataclass(frozen=True)
class Server:
    """A provider's server that is held to its records."""

    provider: str
    url: str
    headers: Headers
    is_own: bool = False
    """Whether it is our own sandbox."""


@dataclass(frozen=True)
class ExchangeResult:
    """One exchange, and what was answered otherwise; nothing when it was as recorded."""

    name: str
    call: str
    differences: tuple[str, ...]


def replay(
    server: Server, recorded: Mapping[str, Any], *, only: Iterable[Mapping[str, Any]] | None = None
) -> Iterator[ExchangeResult]:
    """Send each exchange and compare. What an answer gives, such as an id, stands in the requests after it."""
    known: dict[str, str] = {"run": uuid.uuid4().hex[:8]}
    with requests.Session() as session:
        session.trust_env = False
        for row in recorded["exchanges"] if only is None else only:
            call = filled(row["call"], known)
            try:
                status, got = _sent(session, server, row, call, known)
            except requests.RequestException as problem:
                yield ExchangeResult(row["name"], call, (f"it was not answered: {type(problem).__name__}.",))
                continue
            kept = {name: _value(got, path) for name, path in row.get("keeps", {}).items()}
            known |= {name: str(value) for name, value in kept.items() if value is not None}
            yield ExchangeResult(
                row["name"], call, tuple(_compared(row, status, got, known, recorded.get("telling", ())))
            )


def is_harmless(row: Mapping[str, Any]) -> bool:
    """Whether it only asks, and about nothing that an exchange before it made."""
    return bool(row.get("harmless"))


def _sent(
    session: requests.Session, server: Server, row: Mapping[str, Any], call: str, known: Mapping[str, str]
) -> tuple[int, Any]:
    method, path = call.split(" ", 1)
    sends = filled(row.get("sends"), known)
    body = sends if isinstance(sends, str) else None if sends is None else json.dumps(sends)
    headers = {"Content-Type": "application/json"} | dict(server.headers(row.get("key", "right")))
    answer = session.request(
        method, server.url.rstrip("/") + path, data=body, headers=headers, timeout=_SECONDS, allow_redirects=False
    )
    try:
        return answer.status_code, answer.json()
    except ValueError:
        return answer.status_code, answer.text


def _compared(
    row: Mapping[str, Any], status: int, got: Any, known: Mapping[str, str], telling: Iterable[str]
) -> Iterator[str]:
    if status != row["status"]:
        yield f"it answered {status}, recorded is {row['status']}."
    yield from differences(filled(row["says"], known), got, tuple(telling))


def _value(got: Any, path: str) -> Any:
    """What stands in an answer under names that are joined by dots; None when nothing does."""
    for name in path.split("."):
        got = got.get(name) if isinstance(got, dict) else None
    return got
