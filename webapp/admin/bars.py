"""The last runs of a job as small bars: tall is long, a mark is a failure. Drawn as a whole: pages show hundreds."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from flask import url_for
from flask_babel import gettext as _
from markupsafe import Markup

from webapp.admin.badges import LOOKS
from webapp.admin.words import current_zone, duration

_MARKED = frozenset({"failed", "lost", "missed", "partial"})
_LOWEST, _TALLEST, _STEP, _FLOOR = 4, 26, 5, 30

_PICTURE = Markup(
    '<svg class="bars" viewBox="0 0 {width} 30" preserveAspectRatio="xMaxYMid meet" role="img" aria-label="{said}">'
    "<title>{said}</title>{bars}</svg>"
)
_BAR = Markup(
    '<a href="{address}" tabindex="-1" aria-hidden="true"><g class="{tone}"><title>{title}</title>'
    '<rect class="reach" x="{x}" y="0" width="5" height="30"></rect>'
    '<rect x="{x}" y="{top}" width="4" height="{height}" rx="1"></rect>{mark}</g></a>'
)
_MARK = Markup('<circle cx="{x}" cy="{y}" r="1.8"></circle>')


class Scale(NamedTuple):
    """What all bars of a drawing share: the longest run in seconds, words of states, the zone, and an address."""

    longest: float
    words: dict[str, str]
    zone: ZoneInfo
    address: str


def run_bars(runs: Sequence[Any], wanted: int = 60) -> Markup:
    """Bars for the last `wanted` runs, given oldest first; they end at the right, and each leads to its run."""
    shown = list(runs)[-wanted:]
    words = {status: str(LOOKS[status].word) for status in {_status(run) for run in shown}}
    longest = max((_seconds(run) for run in shown), default=0) or 1
    scale = Scale(longest, words, ZoneInfo(current_zone()), url_for("runs.one", run_id=0).removesuffix("0"))
    start = wanted - len(shown)
    bars = Markup().join(_bar(run, (start + place) * _STEP, scale) for place, run in enumerate(shown))
    return _PICTURE.format(width=wanted * _STEP, said=_sentence(shown, words), bars=bars)


def _sentence(shown: Sequence[Any], words: dict[str, str]) -> str:
    if not shown:
        return _("No run yet")
    counts = Counter(words[_status(run)] for run in shown)
    said = ", ".join(f"{count} {word}" for word, count in counts.most_common())
    return _("The last %(n)s runs: %(said)s", n=len(shown), said=said)


def _bar(run: Any, x: int, scale: Scale) -> Markup:
    status, seconds = _status(run), _seconds(run)
    height = round(_LOWEST + seconds / scale.longest * (_TALLEST - _LOWEST))
    mark = _MARK.format(x=x + 2, y=max(_FLOOR - 3 - height, 2)) if status in _MARKED else ""
    return _BAR.format(
        address=f"{scale.address}{run.id}",
        tone=LOOKS[status].tone,
        title=_title(run, scale.words[status], seconds, scale.zone),
        x=x,
        top=_FLOOR - height,
        height=height,
        mark=mark,
    )


def _title(run: Any, word: str, seconds: float, zone: ZoneInfo) -> str:
    local = (run.started_at or run.at).astimezone(zone)
    title = f"{word} · {local:%a %d %b %Y, %H:%M:%S} {local.tzname()}"
    return f"{title} · {duration(seconds)}" if run.finished_at and run.started_at else title


def _status(run: Any) -> str:
    status = str(getattr(run.status, "value", run.status))
    return status if status in LOOKS else "never"


def _seconds(run: Any) -> float:
    if run.started_at is None or run.finished_at is None:
        return 0.0
    return float((run.finished_at - run.started_at).total_seconds())
