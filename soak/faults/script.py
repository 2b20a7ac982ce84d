"""The script: which fault comes when, on what and for how long; the same seed makes the same script."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

WAVE, CALM = 20.0, 8.0
"""Seconds of faults, then of none, in turns: what never has a moment of rest shows nothing about recovery."""

_BRIEF, _LASTING, _LASTING_SHARE = (0.2, 1.2), (1.2, 4.0), 0.3
"""Seconds that a fault lasts: those of one server wait for each other, and some outlast the time-outs of the desk."""


@dataclass(frozen=True)
class Planned:
    """A fault: `kind` of what it does, `pick` chooses among its targets, `hold` is how long it lasts."""

    number: int
    at: float
    kind: str
    pick: float
    hold: float


def script(seed: int, seconds: float, per_minute: float, weights: dict[str, float]) -> Iterator[Planned]:
    """Faults in the order of their time, until the seconds are over."""
    chance = random.Random(seed)
    kinds, shares = list(weights), list(weights.values())
    rate = per_minute / 60 * (WAVE + CALM) / WAVE
    at, number = 0.0, 0
    while True:
        at += chance.expovariate(rate)
        kind, pick = chance.choices(kinds, shares)[0], chance.random()
        hold = chance.uniform(*(_LASTING if chance.random() < _LASTING_SHARE else _BRIEF))
        if at % (WAVE + CALM) > WAVE:
            at += (WAVE + CALM) - at % (WAVE + CALM)
        if at >= seconds:
            return
        number += 1
        yield Planned(number, at, kind, pick, hold)
