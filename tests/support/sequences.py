"""Sequences of a provider's answers, in front of its real client and the desk's real services, without a network.

A `World` is the provider's truth; what it answers is made of recorded bodies, told in any order, late, or not at all.
How many sequences are tried, and with which seed, is in the environment: SEQUENCES and SEED; the seed is printed.
"""

import json
import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol, cast

from requests import Response

from tests.support.market import NOW
from webapp.providers.http.answer_kinds import KnownAnswers
from webapp.providers.http.circuit_breaker import CircuitBreaker
from webapp.providers.http.client import ClientConfig, HttpClient
from webapp.providers.http.errors import Unknown
from webapp.providers.http.rate_limiter import RateLimiter

FEW = 25
"""So many sequences are tried where nothing else is said."""
SILENCE = None
"""An answer that never comes."""
Answer = tuple[int, Any] | None


class World(Protocol):
    """A provider's truth at one time."""

    def answer(self, method: str, path: str, params: Mapping[str, Any], body: Any) -> Answer:
        """What a call is answered with, after it had its effect."""


@dataclass
class Trace:
    """What happened in one sequence, to be read when it went wrong."""

    seed: int
    number: int
    lines: list[str] = field(default_factory=list)

    def note(self, config: str) -> None:
        self.lines.append(config)

    def __str__(self) -> str:
        return f"SEED={self.seed}, sequence {self.number}:\n" + "\n".join(self.lines)


class _Quiet:
    """A circuit and a pace that are never in the way."""

    def ensure_closed(self) -> None:
        pass

    def record_success(self) -> None:
        pass

    def record_failure(self, sentence: str) -> None:
        pass

    def wait(self, seconds: float) -> None:
        pass


class WorldClient(HttpClient):
    """The real caller in all that follows an answer; the answers are the world's."""

    def __init__(self, name: str, answers: KnownAnswers, world: World, trace: Trace) -> None:
        quiet = _Quiet()
        config = ClientConfig(name, "http://world", dict, answers, 1.0)
        super().__init__(config, cast(CircuitBreaker, quiet), cast(RateLimiter, quiet), parallel=1)
        self._world, self._trace = world, trace

    def _answer(self, method: str, path: str, headers: Mapping[str, str], acts: bool, more: Mapping[str, Any]) -> Any:
        found = self._world.answer(method, path, more.get("params") or {}, more.get("json"))
        self._trace.note(f"  {method} {path} {more.get('params') or more.get('json') or ''} -> {_short(found)}")
        if found is None:
            raise Unknown(f"{self.name} did not answer.")
        status, body = found
        response = Response()
        response.status_code = status
        raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        return self._judged(response, raw, method, path, acts)


def _short(found: Answer) -> str:
    if found is None:
        return "silence"
    status, body = found
    if isinstance(body, dict) and isinstance(body.get("data"), dict | list):
        rows = body["data"] if isinstance(body["data"], list) else [body["data"]]
        listed = [(row.get("id"), row.get("amount"), row.get("status")) for row in rows]
        return f"{status} {listed}"
    return f"{status} {str(body)[:110]}"


def sequences() -> Iterator[tuple[random.Random, Trace]]:
    """So many independent sources of chance, each with its trace."""
    many = int(os.environ.get("SEQUENCES") or FEW)
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(10**9))
    print(f"SEED={seed} SEQUENCES={many}")
    for number in range(many):
        yield random.Random(f"{seed}-{number}"), Trace(seed, number)


def play(
    chance: random.Random, trace: Trace, steps: Sequence[Callable[[], None]], check: Callable[[], None], most: int
) -> None:
    """Take steps by chance, and check after each."""
    for _ in range(chance.randrange(4, most)):
        step = chance.choice(steps)
        trace.note(step.__name__)
        step()
        check()


@dataclass
class Clock:
    """The time of a sequence, the same for the desk and its provider."""

    at: Any = NOW

    def passes(self, chance: random.Random) -> timedelta:
        """Some time goes by: seconds, or long enough for everything to be over."""
        gone = timedelta(minutes=chance.choice((0.2, 1, 5, 20, 45, 70, 400)))
        self.at += gone
        return gone
