"""How what goes out is tried again, and which events an endpoint asked for. Pure."""

import random
from datetime import timedelta

from webapp.domain.states import Channel

FIRST_WAIT, LONGEST_WAIT, GROWTH = timedelta(seconds=30), timedelta(hours=20), 3
MOST_ATTEMPTS: dict[str, int] = {Channel.WEBHOOK: 15, Channel.EMAIL: 10, Channel.SMS: 8, Channel.CHAT: 8}
"""Fifteen attempts with these waits take about three days."""
FAILING_FOR = timedelta(hours=24)
MOST_FAILURES = 50
"""An endpoint that fails for so long, or so often in a row, is paused."""
ANY = "*"


def wait_before(attempt: int) -> timedelta:
    """How long to wait after so many attempts: up to an exponentially growing bound, by chance (full jitter)."""
    bound = min(FIRST_WAIT * float(GROWTH ** min(attempt - 1, 10)), LONGEST_WAIT)
    return bound * random.random()


def is_last(channel: str, attempts: int) -> bool:
    """Whether there is no attempt after these."""
    return attempts >= MOST_ATTEMPTS.get(channel, min(MOST_ATTEMPTS.values()))


def is_pattern(word: str) -> bool:
    """Whether it names events: `*`, `escrow.*` or `escrow.released`."""
    kind, _, rest = word.partition(".")
    return word == ANY or (_is_name(kind) and (rest == ANY or all(_is_name(part) for part in rest.split("."))))


def _is_name(word: str) -> bool:
    return word.replace("_", "").replace("-", "").isalnum() and word.isascii()
