"""A report as CSV: a line for each figure. Amounts in major units, durations in seconds, times in ISO 8601."""

import csv
import io
from typing import Any

from webapp import clock
from webapp.domain.csv_cells import safe
from webapp.domain.money.money import major_text
from webapp.services.reports import document
from webapp.services.reports.figures import ReportFigures
from webapp.services.reports.heading import Heading

HEADER = ("table", "about", "measure", "currency", "value")


def written(heading: Heading, figures: ReportFigures) -> bytes:
    """All of its figures, day by day too; of a table without any the sentence that says why."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow(HEADER)
    about = {
        "kind": str(heading.kind),
        "first_day": figures.first_day.isoformat(),
        "last_day": figures.last_day.isoformat(),
        "days_in": "UTC",
        "made_at": clock.iso(heading.made_at),
        "made_by": heading.made_by,
    }
    lines.writerows(("report", "", name, "", safe(value)) for name, value in about.items())
    for table in [*document.tables(figures), document.days(figures)]:
        lines.writerows(_line(*each) for each in document.flat(table))
        if not table.rows:
            lines.writerow((table.name, "", "nothing", "", safe(table.empty)))
    return text.getvalue().encode("utf-8")


def _line(table: str, about: str, measure: str, currency: str, value: Any) -> tuple[Any, ...]:
    shown = major_text(value, currency, grouped=False) if currency else safe(value)
    return table, safe(about), measure, currency, shown
