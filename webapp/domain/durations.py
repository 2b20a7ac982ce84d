"""Lengths of time, in words and in figures of many."""

import math
from collections.abc import Sequence
from typing import NamedTuple


class Percentiles(NamedTuple):
    """Lengths that a half, 95 and 99 of a hundred do not exceed; each is one of those that were measured."""

    p50: float
    p95: float
    p99: float


def percentiles(lengths: Sequence[float]) -> Percentiles | None:
    """The percentiles by nearest rank, in the unit of the lengths. None of nothing."""
    ranked = sorted(lengths)
    if not ranked:
        return None
    p50, p95, p99 = (ranked[math.ceil(len(ranked) * percent / 100) - 1] for percent in (50, 95, 99))
    return Percentiles(p50, p95, p99)


def in_whole_seconds(seconds: float) -> str:
    """A length of time without fractions, for sentences: `5 s`, `3 min 20 s`, `2 h 5 min`."""
    return f"{round(seconds)} s" if round(seconds) < 60 else in_words(round(seconds))


def in_words(seconds: float) -> str:
    """A length of time: `850 ms`, `12.4 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
