"""What the pages show of a comparison: each figure beside the period before, and each chart with its table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from webapp.admin.ui import charts
from webapp.admin.ui.charts import Picture
from webapp.admin.ui.formatting import money, number
from webapp.domain.analytics.periods import grouped
from webapp.domain.money.money import major_text
from webapp.services.analytics.comparison import PeriodComparison, sold
from webapp.services.analytics.figures import DayFigures

Number = Callable[[list[DayFigures]], int]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the period, and the same of the period before, in words."""

    label: str
    value: str
    before: str
    change: str


@dataclass(frozen=True, slots=True)
class Panel:
    """A chart, and the rows behind it: what a bar is called, its figure, and that of the bar one period before."""

    title: str
    chart: Picture
    rows: list[tuple[str, str, str]]
    total: tuple[str, str]


def summary(found: PeriodComparison) -> list[tuple[str, list[Figure]]]:
    """By currency: orders, revenue and products sold."""
    return [(currency, _figures(found, currency)) for currency in found.currencies]


def customers(found: PeriodComparison) -> Figure:
    """New customers, who have no currency."""
    now, before = found.new_customers
    return _figure(_("New customers"), now, before, "")


def panels(found: PeriodComparison, currency: str) -> list[Panel]:
    """The charts of one currency, and the one of new customers."""
    shown = [_customers_panel(found)]
    if not currency:
        return shown
    return [
        _panel(_("Revenue"), found, lambda days: sold(days, currency).revenue, currency),
        _panel(_("Orders"), found, lambda days: sold(days, currency).orders),
        _panel(_("Products sold"), found, lambda days: sold(days, currency).products_sold),
        *shown,
    ]


def rows_of(found: PeriodComparison) -> list[list[Any]]:
    """The days as rows of a file, one for each currency of a day; new customers stand in a row of their own."""
    rows: list[list[Any]] = []
    for each in found.days:
        day, is_closed = each.day.isoformat(), "yes" if each.is_closed else "no"
        for currency, sales in sorted(each.sales.items()):
            revenue = major_text(sales.revenue, currency, grouped=False)
            rows.append([day, currency, sales.orders, revenue, sales.products_sold, "", is_closed])
        rows.append([day, "", "", "", "", each.new_customers, is_closed])
    return rows


HEADER = ["day", "currency", "orders", "revenue", "products_sold", "new_customers", "closed"]


def _figures(found: PeriodComparison, currency: str) -> list[Figure]:
    now, before = found.sales(currency)
    return [
        _figure(_("Revenue"), now.revenue, before.revenue, currency),
        _figure(_("Orders"), now.orders, before.orders, ""),
        _figure(_("Products sold"), now.products_sold, before.products_sold, ""),
    ]


def _figure(label: str, now: int, before: int, currency: str) -> Figure:
    return Figure(label, _shown(now, currency), _shown(before, currency), change(now, before))


def change(now: int, before: int) -> str:
    """By how much of itself a figure grew, such as `+12 %`; from nothing it can't be said."""
    if not before:
        return "–" if not now else _("new")
    percent = (200 * (now - before) + before) // (2 * before)
    return f"{percent:+,} %" if percent else "±0 %"


def _customers_panel(found: PeriodComparison) -> Panel:
    return _panel(_("New customers"), found, lambda days: sum(each.new_customers for each in days))


def _panel(title: str, found: PeriodComparison, number: Number, currency: str = "") -> Panel:
    groups = grouped(found.period)
    labels, days = [group.label for group in groups], found.grouped(groups)
    values = [number(its) for its in days]
    lengths = [len(its) for its in days]
    before = [number(found.before[sum(lengths[:place]) :][:length]) for place, length in enumerate(lengths)]
    chart = charts.bar_chart(labels, [values], currency) if currency else charts.count_chart(labels, values)
    rows = [
        (label, _shown(value, currency), _shown(earlier, currency))
        for label, value, earlier in zip(labels, values, before, strict=True)
    ]
    return Panel(title, chart, rows, (_shown(sum(values), currency), _shown(sum(before), currency)))


def _shown(value: int, currency: str) -> str:
    return money(value, currency) if currency else number(value)
