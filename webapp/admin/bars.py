"""The last runs of a job as small bars: tall is long, a mark is a failure."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from flask_babel import gettext as _

from webapp.admin.badges import LOOKS
from webapp.admin.words import duration, exact

_MARKED = frozenset({"failed", "lost", "missed", "partial"})
_LOWEST, _TALLEST, _STEP = 4, 26, 5


class Bar(NamedTuple):
    """One run: its place and height in the drawing, its colour, and its words."""

    run: Any
    x: int
    height: int
    tone: str
    marked: bool
    title: str


class Bars(NamedTuple):
    """The drawing, and what it says in a sentence."""

    bars: list[Bar]
    sentence: str


def run_bars(runs: Sequence[Any], wanted: int = 60) -> Bars:
    """Bars for the last `wanted` runs, given oldest first; they end at the right."""
    shown = list(runs)[-wanted:]
    longest = max((_seconds(run) for run in shown), default=0) or 1
    start = wanted - len(shown)
    bars = [_bar(run, (start + place) * _STEP, _seconds(run) / longest) for place, run in enumerate(shown)]
    counts = Counter(str(LOOKS[_status(run)].word) for run in shown)
    said = ", ".join(f"{count} {word}" for word, count in counts.most_common())
    return Bars(bars, _("The last %(n)s runs: %(said)s", n=len(shown), said=said) if shown else _("No run yet"))


def _bar(run: Any, x: int, share: float) -> Bar:
    status = _status(run)
    look = LOOKS[status]
    at = run.started_at or run.at
    title = f"{look.word} · {exact(at)}" + (
        f" · {duration(_seconds(run))}" if run.finished_at and run.started_at else ""
    )
    return Bar(run, x, round(_LOWEST + share * (_TALLEST - _LOWEST)), look.tone, status in _MARKED, title)


def _status(run: Any) -> str:
    status = str(getattr(run.status, "value", run.status))
    return status if status in LOOKS else "never"


def _seconds(run: Any) -> float:
    if run.started_at is None or run.finished_at is None:
        return 0.0
    return float((run.finished_at - run.started_at).total_seconds())
