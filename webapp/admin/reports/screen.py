"""Reports: made each week and month, or of any days that somebody asks for; each as PDF and CSV."""

from typing import Any

from flask import Response, request, url_for
from flask_babel import lazy_gettext as _l

from webapp.admin.reports.actions import ReportActions
from webapp.admin.ui import charts
from webapp.admin.ui.actions.action_links import action_link
from webapp.admin.ui.dates import dated
from webapp.admin.ui.lists.columns import Column, choice, since, until
from webapp.admin.ui.lists.list_screen import ListScreen
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.screen import page
from webapp.domain.localized_dates import DateFormat
from webapp.domain.reports.periods import MAILED, ReportKind
from webapp.models import Report, User
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.reports import document, reports, subscriptions
from webapp.services.reports.figures import HeldDayFigures, ReportFigures
from webapp.sql import DayBefore, begins

KINDS = [
    (str(ReportKind.WEEKLY), _l("weekly")),
    (str(ReportKind.MONTHLY), _l("monthly")),
    (str(ReportKind.CUSTOM), _l("asked for")),
]
_MOST_BARS = 62


class ReportScreen(ReportActions, ListScreen):
    """Every report, the newest first."""

    slug = "reports"
    title = _l("Reports")
    permission = "report:read"
    group = "record"
    icon = "file"
    order = 20
    list_template = "reports/reports.html"
    intro = _l(
        "What was held, released, refunded and kept as fees in a week, a month, or any days; with disputes, jobs, "
        "alerts and books. Whole days in UTC."
    )
    empty = _l(
        "No report was made yet. One is made each Monday, and on the first day of each month; Make a report makes one "
        "of any days."
    )
    listing = Listing(
        key=Report.id,
        columns=(
            Column(
                "number",
                _l("Report"),
                Report.id,
                kind="ref",
                link=lambda row: url_for("reports.one", report_id=row.number),
            ),
            Column("kind", _l("Kind"), Report.kind),
            Column("first_day", _l("First day"), Report.first_day),
            Column("last_day", _l("Last day"), DayBefore(Report.end_day)),
            Column("made_at", _l("Made"), Report.made_at, kind="when", sort=Report.id),
            Column("made_by_name", _l("By"), Report.made_by_name),
            Column("run_id", _l("Run"), Report.run_id, shown=False),
        ),
        filters=(
            choice("kind", _l("Kind"), Report.kind, KINDS),
            since("from", _l("Made from"), Report.made_at),
            until("until", _l("Made until"), Report.made_at),
        ),
        search=lambda text: begins(Report.made_by_name, text),
        search_hint=_l("Who made it"),
    )

    def around(self, session: Any) -> dict[str, Any]:
        """What the reader subscribes to; for who manages people, who does."""
        actor = current_actor()
        mine = subscriptions.kinds_of(session, actor.id) if actor.kind == "user" and actor.id else set()
        everybody = subscriptions.subscribers(session) if actor.may("user:manage") else []
        return {
            "kinds": [(kind, label, kind in mine) for kind, label in KINDS if kind in MAILED],
            "subscribers": everybody,
            "kind_labels": dict(KINDS),
            "reader_is_demo": bool(mine) and session.get_one(User, actor.id).demo,
            "mail": bool(runtime().settings.smtp_url),
            "action_links": [action_link("make", _l("Make a report…"), "plus", "report:make")],
        }

    @page("/<int:report_id>")
    def one(self, report_id: int) -> Any:
        """One report, with the tables of its files."""
        with self.reading() as session:
            report = reports.get(session, report_id)
            files = reports.files_of(session, report_id)
            sent = subscriptions.written_to(session, report_id) if current_actor().may("user:manage") else []
        figures = reports.figures_of(report)
        currency = _currency(figures)
        return self.render(
            "reports/report.html",
            report=report,
            heading=reports.heading_of(report),
            files=files,
            sent=sent,
            tables=document.tables(figures),
            currency=currency,
            currencies=[each.currency for each in figures.currencies],
            **_charts(figures, currency),
        )

    @page("/<int:report_id>/<file_format>")
    def download(self, report_id: int, file_format: str) -> Response:
        """A file of it, as it was made."""
        with self.reading() as session:
            name = reports.heading_of(reports.get(session, report_id)).file_name
            file = reports.file_of(session, report_id, file_format)
        response = Response(file.content, mimetype=reports.FORMATS[file.format])
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.{file.format}"'
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        response.headers["Cache-Control"] = "no-store"
        return response


def _currency(figures: ReportFigures) -> str:
    """The one that the address asks for, or the first."""
    known = [each.currency for each in figures.currencies]
    wanted = request.args.get("currency", "")
    return wanted if wanted in known else next(iter(known), "")


def _charts(figures: ReportFigures, currency: str) -> dict[str, Any]:
    """What was held at the end of each day, and what left on it; of many days, groups of them."""
    groups = _grouped([day for day in figures.days if day.currency == currency])
    if not groups:
        return {"held": None, "moved": None}
    labels = [dated(days[0].day, DateFormat.DAY) for days in groups]
    left = [
        [sum(day.released for day in days) for days in groups],
        [sum(day.refunded for day in days) for days in groups],
    ]
    return {
        "held": charts.bar_chart(labels, [[days[-1].held_at_end for days in groups]], currency),
        "moved": charts.bar_chart(labels, left, currency),
    }


def _grouped(days: list[HeldDayFigures]) -> list[list[HeldDayFigures]]:
    size = -(-len(days) // _MOST_BARS) or 1
    return [days[start : start + size] for start in range(0, len(days), size)]
