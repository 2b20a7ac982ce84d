"""How what goes out is tried again, and which events an endpoint asked for. Pure."""

import random
from collections.abc import Collection
from datetime import timedelta

from webapp.domain.states import Channel

FIRST_WAIT, LONGEST_WAIT, GROWTH = timedelta(seconds=30), timedelta(hours=20), 3
MOST_ATTEMPTS: dict[str, int] = {Channel.WEBHOOK: 15, Channel.EMAIL: 10, Channel.SMS: 8, Channel.CHAT: 8}
PROBE_WAIT, PROBE_GROWTH = timedelta(seconds=20), timedelta(seconds=10)
"""An endpoint that fails is probed with its oldest delivery: each time a little later, and at least once a minute by
a job that runs each minute, so that it has its backlog within a minute of being well.
"""
HELD_AFTER = 5
"""After so many failures in a row people are told that an endpoint's deliveries are held."""
FAILING_FOR = timedelta(hours=24)
"""An endpoint that fails for so long is paused."""
_ABOUT_THE_ENDPOINT = frozenset({401, 403, 404, 405, 407, 408, 410, 421, 425, 429})
"""Answers below 500 that say nothing about the delivery: another one would have got the same."""
ANY = "*"


def wait_before(channel: str, attempt: int) -> timedelta:
    """How long to wait after so many attempts: up to a growing bound, by chance (jitter)."""
    if channel == Channel.WEBHOOK:
        return min(PROBE_GROWTH * attempt, PROBE_WAIT) * random.uniform(0.5, 1.0)
    bound = min(FIRST_WAIT * float(GROWTH ** min(attempt - 1, 10)), LONGEST_WAIT)
    return bound * random.random()


def is_last(channel: str, attempts: int, status: int | None) -> bool:
    """Whether there is no attempt after these. A webhook that its endpoint did not take as it takes none is tried on:
    it is the endpoint that fails, which is paused in the end.
    """
    if channel == Channel.WEBHOOK and not is_refusal(status):
        return False
    return attempts >= MOST_ATTEMPTS.get(channel, min(MOST_ATTEMPTS.values()))


def is_refusal(status: int | None) -> bool:
    """Whether an answer refuses this very delivery."""
    return status is not None and 400 <= status < 500 and status not in _ABOUT_THE_ENDPOINT


def names_an_event(word: str, events: Collection[str]) -> bool:
    """Whether it asks for any of these events: `*`, `escrow.*` or `escrow.released`."""
    if word.endswith(f".{ANY}"):
        return any(event.startswith(word.removesuffix(ANY)) for event in events)
    return word == ANY or word in events
