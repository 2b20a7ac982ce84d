"""A report as PDF: tables and charts on A4, with title, language, bookmarks and page numbers, for readers of all kinds.

Numbers are formatted as the pages format them. The same figures give the same bytes.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from fpdf import FontFace
from fpdf.enums import Align, TableBordersLayout

from webapp.domain import durations
from webapp.domain.instants import in_utc
from webapp.domain.money.formatting import localized
from webapp.services.reports import document
from webapp.services.reports.document import ReportColumn, ReportTable
from webapp.services.reports.figures import HeldDayFigures, ReportFigures
from webapp.services.reports.heading import Heading
from webapp.services.reports.paper import BAND, FAMILY, INK, MUTED, PAPER, RULE, SMALL, TEXT, Paper

LOCALE = "en"
_HELD, _RELEASED, _REFUNDED = (28, 87, 148), (20, 110, 84), (181, 101, 29)
_CHART_HEIGHT, _GAP = 26.0, 6.0
_MOST_CHARTS = 4
"""Currencies that have charts: those with the most escrows held and days on which money moved come first. Amounts of
two currencies say nothing about which is more.
"""


def charted(figures: ReportFigures) -> tuple[list[str], list[str]]:
    """The currencies that have charts, and those that have none, which the report says."""
    much = Counter({each.currency: sum(each.counts) for each in figures.ageing})
    much.update(day.currency for day in figures.days if day.held or day.released or day.refunded)
    codes = sorted((each.currency for each in figures.currencies), key=lambda code: (-much[code], code))
    return codes[:_MOST_CHARTS], sorted(codes[_MOST_CHARTS:])


def written(heading: Heading, figures: ReportFigures) -> bytes:
    """The file."""
    pdf = _Page(heading)
    pdf.add_page()
    pdf.head()
    tables = document.tables(figures)
    for table in tables[:2]:
        pdf.section(table)
    pdf.charts(figures)
    for table in tables[2:]:
        pdf.section(table)
    return bytes(pdf.output())


class _Page(Paper):
    """The report on its paper."""

    def __init__(self, heading: Heading) -> None:
        about = "Held, released and refunded money, disputes, jobs, alerts and books of a period"
        super().__init__(heading.title, about, LOCALE, heading.made_at)
        self._heading = heading

    def head(self) -> None:
        """What it is, of which days, when and by whom it was made."""
        self.heading()
        # Letters of Arabic take their shape from their neighbours, and run from right to left. Only names have such.
        self.set_text_shaping(True)
        self.muted(
            f"Whole days in UTC. Made on {in_utc(self._heading.made_at)} by {self._heading.made_by}. "
            "The figures are those of the desk's pages."
        )
        self.set_text_shaping(False)

    def section(self, table: ReportTable) -> None:
        """A table under its title, or the sentence in its place."""
        self.section_title(table.title)
        if table.note:
            self.muted(table.note)
        if table.rows:
            self._table(table)
        else:
            self.muted(table.empty)

    def charts(self, figures: ReportFigures) -> None:
        """For each currency what was held at the end of each day, and what was released and refunded on it."""
        chosen, others = charted(figures)
        if chosen:
            self.section_title("Day by day")
            self._legend()
        if others:
            self.muted(f"Without charts here: {', '.join(others)}. The tables have every currency.")
        for currency in chosen:
            self._pair(currency, [day for day in figures.days if day.currency == currency])

    def _pair(self, currency: str, days: Sequence[HeldDayFigures]) -> None:
        if self.will_page_break(_CHART_HEIGHT + 14):
            self.add_page()
        top, width = self.get_y() + 4, (self.epw - _GAP) / 2
        held = [[day.held_at_end] for day in days]
        moved = [[day.released, day.refunded] for day in days]
        self._chart(self.l_margin, top, width, f"Held, {currency}", held, (_HELD,), currency)
        left = self.l_margin + width + _GAP
        self._chart(left, top, width, f"Released and refunded, {currency}", moved, (_RELEASED, _REFUNDED), currency)
        self.set_font(FAMILY, "", SMALL)
        self.set_text_color(MUTED)
        for start in (self.l_margin, left):
            self.set_xy(start, top + _CHART_HEIGHT + 0.5)
            self.cell(width / 2, 4, f"{self._heading.first_day:%d %b %Y}")
            self.cell(width / 2, 4, f"{self._heading.last_day:%d %b %Y}", align=Align.R)
        self.set_text_color(INK)
        self.set_xy(self.l_margin, top + _CHART_HEIGHT + 5)

    def _chart(
        self,
        left: float,
        top: float,
        width: float,
        title: str,
        bars: Sequence[Sequence[int]],
        colours: Sequence[tuple[int, int, int]],
        currency: str,
    ) -> None:
        """Stacked bars, one for each day, under the largest amount in words. What is below zero is not drawn."""
        tallest = max((sum(max(part, 0) for part in parts) for parts in bars), default=0)
        self.set_xy(left, top - 4)
        self.set_font(FAMILY, "", SMALL)
        self.cell(width / 2, 4, title)
        self.cell(width / 2, 4, f"at most {localized(tallest, currency, LOCALE)}", align=Align.R)
        step, foot = width / max(len(bars), 1), top + _CHART_HEIGHT
        self.set_draw_color(RULE)
        self.line(left, foot, left + width, foot)
        for number, parts in enumerate(bars):
            bottom = foot
            for amount, colour in zip(parts, colours, strict=True):
                height = (_CHART_HEIGHT - 1) * max(amount, 0) / tallest if tallest else 0
                if height:
                    self.set_fill_color(colour)
                    self.rect(left + number * step, bottom - height, step * 0.8, height, style="F")
                    bottom -= height

    def _legend(self) -> None:
        self.set_font(FAMILY, "", SMALL)
        for colour, label in ((_HELD, "held at the day's end"), (_RELEASED, "released"), (_REFUNDED, "refunded")):
            self.set_fill_color(colour)
            self.rect(self.get_x(), self.get_y() + 0.8, 2.4, 2.4, style="F")
            self.set_x(self.get_x() + 3.4)
            self.cell(self.get_string_width(label) + 5, 4, label)
        self.ln(6)

    def _table(self, table: ReportTable) -> None:
        self.set_font(FAMILY, "", TEXT)
        self.set_draw_color(RULE)
        self.set_fill_color(PAPER)  # Cells are filled with what was drawn with last.
        with self.table(
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            cell_fill_color=BAND,
            cell_fill_mode="NONE",
            col_widths=_widths(table),
            headings_style=FontFace(emphasis="BOLD", color=INK, fill_color=BAND, size_pt=SMALL),
            line_height=4.2,
            padding=(0.8, 1.2),
            text_align=tuple(Align.L if column.kind == "text" else Align.R for column in table.columns),
        ) as grid:
            grid.row([column.label for column in table.columns])
            for row in table.rows:
                grid.row([cell(column, value, row[0]) for column, value in zip(table.columns, row, strict=True)])


def cell(column: ReportColumn, value: Any, currency: str) -> str:
    """A value as its column shows it."""
    if value is None:
        return "–"
    match column.kind:
        case "money":
            return localized(value, currency, LOCALE)
        case "count":
            return f"{value:,}"
        case "seconds":
            return durations.in_words(value) if value else "0 s"
        case "percent":
            return f"{value:+,.1f} %".replace("-", "−")
        case _:
            return str(value)


def _widths(table: ReportTable) -> tuple[float, ...]:
    """By the longest that each column says, within reason."""
    return tuple(
        min(34, max(9, len(column.label) * 0.8, *(len(cell(column, row[number], row[0])) for row in table.rows)))
        for number, column in enumerate(table.columns)
    )
