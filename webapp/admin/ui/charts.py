"""Charts of amounts and of counts: drawn as SVG on the server, coloured by the sheet, one for each currency."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

import pygal
from babel.numbers import format_compact_decimal
from flask_babel import get_locale
from flask_babel import gettext as _
from pygal.etree import etree

from webapp.admin.ui.dates import dated
from webapp.admin.ui.formatting import money, number
from webapp.domain.localized_dates import DateFormat
from webapp.domain.money.money import to_major
from webapp.services.escrows.figures import AGES, Bars
from webapp.services.read_models.money_totals import Flow

# Where lxml happens to be installed pygal would draw with it, and its trees take none of our elements.
etree.to_etree()


_MEASURES = ("x", "y", "width", "height")
_LONG_NUMBER = re.compile(r"-?[0-9]+\.[0-9]+")


class Picture(str):
    """SVG that a template shows as it is."""

    def __html__(self) -> str:
        return str(self)


Chart = tuple[str, Picture]
"""A currency and its picture."""


def by_age(bars: Bars) -> list[Chart]:
    """What is held, by age."""
    bounds = (0, *AGES)
    labels = [_("%(low)s–%(high)s d", low=low, high=high) for low, high in zip(bounds, AGES, strict=False)]
    return _each(bars, [*labels, _("over %(days)s d", days=AGES[-1])])


def by_day(bars: Bars) -> list[Chart]:
    """What becomes due, by day."""
    return _each(bars, list(bars.groups))


def _each(bars: Bars, labels: Sequence[str]) -> list[Chart]:
    return [(currency, bar_chart(labels, [amounts], currency)) for currency, amounts in sorted(bars.amounts.items())]


def held_over_time(flow: Flow, currency: str) -> Picture:
    """What was held at the end of each day."""
    return bar_chart([dated(day, DateFormat.DAY) for day in flow.days], [flow.held], currency)


def moved_per_day(flow: Flow, currency: str) -> Picture:
    """What was released on each day, and refunded above it."""
    return bar_chart([dated(day, DateFormat.DAY) for day in flow.days], [flow.released, flow.refunded], currency)


def bar_chart(labels: Sequence[str], series: Sequence[Sequence[int]], currency: str) -> Picture:
    """Bars of amounts in minor units, several series stacked; each says its exact amount when pointed at."""
    return _drawn(tuple(labels), tuple(map(tuple, series)), currency, str(get_locale() or "en"))


def count_chart(labels: Sequence[str], counts: Sequence[int]) -> Picture:
    """Bars of numbers without a currency."""
    return _drawn(tuple(labels), (tuple(counts),), "", str(get_locale() or "en"))


@lru_cache(maxsize=128)
def _drawn(labels: tuple[str, ...], series: tuple[tuple[int, ...], ...], currency: str, _locale: str) -> Picture:
    """The same figures are drawn once: a page that refreshes itself asks for them every few seconds."""
    tallest = max((sum(parts) for parts in zip(*series, strict=True)), default=0)
    largest = _height(max(tallest, 0), currency) or 1.0
    if not currency:
        largest += largest % 2  # Half of it is marked as well, and nothing is counted in halves.
    chart = pygal.StackedBar(
        js=[],
        width=620,
        height=210,
        margin=6,
        margin_left=56,
        show_legend=False,
        show_y_guides=True,
        spacing=6,
        rounded_bars=2,
        no_prefix=True,
        disable_xml_declaration=True,
        x_label_rotation=0,
        truncate_label=-1,
        show_minor_x_labels=len(labels) < 10,
        x_labels_major_every=max(3, len(labels) // 5),
        classes=["chart"],
    )
    chart.x_labels = list(labels)
    chart.y_labels = [{"label": _compact(part * largest), "value": part * largest} for part in (0, 0.5, 1)]
    for amounts in series:
        values = [{"value": _height(amount, currency), "label": _exactly(amount, currency)} for amount in amounts]
        chart.add(currency, values)
    return _plain(
        chart.render_tree(),
        [
            f"{label}: {_exactly(amount, currency)}"
            for amounts in series
            for label, amount in zip(labels, amounts, strict=True)
        ],
    )


def _height(amount: int, currency: str) -> float:
    return float(to_major(amount, currency)) if currency else float(amount)


def _exactly(amount: int, currency: str) -> str:
    return money(amount, currency) if currency else number(amount)


def _compact(value: float) -> str:
    return format_compact_decimal(value, locale=get_locale() or "en", fraction_digits=1)


def _plain(tree: Any, sentences: list[str]) -> Picture:
    """The picture without the library's scripts, styles and hidden texts, which our content policy refuses."""
    _drop(tree, lambda part: part.tag in ("defs", "script", "style") or not isinstance(part.tag, str))
    _drop(
        tree, lambda part: part.attrib.get("class") in ("tooltip", "text-overlay", "plot overlay") or part.tag == "desc"
    )
    for part in tree.iter():
        part.attrib.pop("style", None)
        _shorten(part)
    for bar, sentence in zip(
        [part for part in tree.iter("g") if part.attrib.get("class") == "bar"], sentences, strict=False
    ):
        if _is_flat(bar):
            bar.clear()  # Nothing to see or to point at: its figure stands in the title of the whole.
        else:
            ElementTree.SubElement(bar, "title").text = sentence
    title = tree.find("title")
    if title is not None:
        title.text = "; ".join(sentences)
    tree.attrib.update({"role": "img", "xmlns": "http://www.w3.org/2000/svg"})
    tree.attrib.pop("id", None)
    return Picture(ElementTree.tostring(tree, encoding="unicode"))


def _shorten(part: Any) -> None:
    """Leave out what no sheet and no reader knows: decimals beyond a tenth of a point, and the library's classes."""
    for name, value in part.attrib.items():
        if name in _MEASURES or (name == "d" and part.tag == "path"):
            part.attrib[name] = _LONG_NUMBER.sub(lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), value)
    if "tooltip-trigger" in part.attrib.get("class", "").split():
        part.attrib.pop("class")
        part.attrib.pop("ry", None)


def _is_flat(bar: Any) -> bool:
    rect = bar.find("rect")
    return rect is not None and float(rect.attrib["height"]) == 0


def _drop(tree: Any, unwanted: Callable[[Any], bool]) -> None:
    for parent in list(tree.iter()):
        for part in list(parent):
            if unwanted(part):
                parent.remove(part)
