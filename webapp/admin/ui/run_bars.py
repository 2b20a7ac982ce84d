"""The last runs of a job as small bars: tall is long, a mark is a failure. Drawn as a whole: pages show hundreds."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import escape

from webapp.admin.ui.badges import BADGES
from webapp.admin.ui.charts import Picture
from webapp.admin.ui.dates import dated_in_zone
from webapp.admin.ui.formatting import current_zone, duration
from webapp.domain.instants import shown_in
from webapp.domain.localized_dates import DateFormat

_MARKED = frozenset({"failed", "lost", "missed", "partial"})
_LOWEST, _TALLEST, _STEP, _FLOOR = 4, 26, 5, 30


class Scale(NamedTuple):
    """What all bars of a drawing share: the longest run in seconds, words of states, the zone, and an address."""

    longest: float
    words: dict[str, str]
    zone: ZoneInfo
    address: str


def run_bars(runs: Sequence[Any], wanted: int = 60, *, each: bool = False, links: bool = True) -> Picture:
    """Bars for the last `wanted` runs, given oldest first; they end at the right.

    A run that went wrong leads to its page, and with `each` every run: those that went well are one shape per tone
    otherwise, since sixty bars of each job, with their words, were four fifths of a page. Without `links` what
    went wrong is a shape too, with a dot.
    """
    shown = list(runs)[-wanted:]
    words = {status: str(BADGES[status].word) for status in {_status(run) for run in shown}}
    longest = max((_seconds(run) for run in shown), default=0) or 1
    scale = Scale(longest, words, ZoneInfo(current_zone()), url_for("runs.one", run_id=0).removesuffix("0"))
    start = wanted - len(shown)
    bars: list[str] = []
    heights: dict[str, dict[int, int]] = {}
    dots: dict[str, list[str]] = {}
    for index, run in enumerate(shown, start):
        is_marked, tone, x = _status(run) in _MARKED, BADGES[_status(run)].tone, index * _STEP
        if each or (is_marked and links):
            bars.append(_bar(run, x, scale))
            continue
        heights.setdefault(tone, {})[x] = _height(run, scale)
        if is_marked:
            dots.setdefault(tone, []).append(_dot(x, heights[tone][x]))
    drawn = "".join(
        f'<g class="{tone}"><path d="{_outline(some)}"/>{"".join(dots.get(tone, ()))}</g>'
        for tone, some in heights.items()
    )
    label = escape(_sentence(shown, words))
    # The words stand beside it: what has the role of a picture may hold no links.
    return Picture(
        f'<span class="hidden">{label}</span><svg class="bars" viewBox="0 0 {wanted * _STEP} {_FLOOR}" '
        f'preserveAspectRatio="xMaxYMid meet" aria-hidden="true">{drawn}{"".join(bars)}</svg>'
    )


def _dot(x: int, height: int) -> str:
    """The mark above a bar of what went wrong."""
    return f'<circle cx="{x + 2}" cy="{max(_FLOOR - 3 - height, 2)}" r="1.8"/>'


def _outline(heights: dict[int, int]) -> str:
    """Bars of these heights, each at its x, as the path of one shape: along the floor from each to the next."""
    drawn, end = [f"M0 {_FLOOR}"], 0
    for x, height in heights.items():
        drawn.append(f"h{x - end}v-{height}h{_STEP - 1}v{height}")
        end = x + _STEP - 1
    return "".join(drawn)


def _sentence(shown: Sequence[Any], words: dict[str, str]) -> str:
    if not shown:
        return _("No run yet")
    counts = Counter(words[_status(run)] for run in shown)
    counted = ", ".join(f"{count} {word}" for word, count in counts.most_common())
    return ngettext("The last run: %(said)s", "The last %(num)s runs: %(said)s", len(shown), said=counted)


def _bar(run: Any, x: int, scale: Scale) -> str:
    """One bar as SVG: plain text put together, for there are hundreds; what is not a number of ours is escaped."""
    status, seconds = _status(run), _seconds(run)
    height = _height(run, scale)
    mark = _dot(x, height) if status in _MARKED else ""
    return (
        f'<a href="{scale.address}{run.id}" tabindex="-1"><g class="{BADGES[status].tone}">'
        f"<title>{escape(_title(run, scale.words[status], seconds, scale.zone))}</title>"
        f'<rect class="reach" x="{x}" y="0" width="{_STEP}" height="{_FLOOR}"/>'
        f'<rect x="{x}" y="{_FLOOR - height}" width="{_STEP - 1}" height="{height}" rx="1"/>{mark}</g></a>'
    )


def _height(run: Any, scale: Scale) -> int:
    return round(_LOWEST + _seconds(run) / scale.longest * (_TALLEST - _LOWEST))


def _title(run: Any, word: str, seconds: float, zone: ZoneInfo) -> str:
    local = shown_in(run.started_at or run.at, zone)
    title = f"{word} · {dated_in_zone(local, DateFormat.EXACT)}"
    return f"{title} · {duration(seconds)}" if run.finished_at and run.started_at else title


def _status(run: Any) -> str:
    status = str(getattr(run.status, "value", run.status))
    return status if status in BADGES else "never"


def _seconds(run: Any) -> float:
    if run.started_at is None or run.finished_at is None:
        return 0.0
    return float((run.finished_at - run.started_at).total_seconds())
