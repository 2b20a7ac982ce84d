"""Jobs: whether each is on time, its schedule and its history."""

from collections.abc import Sequence
from typing import Any

from flask import request
from flask_babel import lazy_gettext as _l

from webapp import clock
from webapp.admin.jobs.actions import JobActions
from webapp.admin.jobs.forms import CATCH_UP
from webapp.admin.jobs.run_listing import LISTING, TRIGGERS
from webapp.admin.ui import charts
from webapp.admin.ui.lists.csv_export import download
from webapp.admin.ui.screen import page
from webapp.models import Run
from webapp.services.scheduling import run_statistics, runs, schedule_rows, schedules


class JobScreen(JobActions):
    """One row per schedule, and a page for each."""

    slug = "jobs"
    title = _l("Jobs")
    permission = "job:read"
    group = "operations"
    icon = "clock"
    order = 10

    @page("/")
    def index(self) -> Any:
        """Every job."""
        with self.reading() as session:
            rows = schedule_rows.load(session, clock.now())
        return self.render("jobs/jobs.html", rows=rows)

    @page("/<job>")
    def one(self, job: str) -> Any:
        """One job: its schedule, what comes next, and its runs."""
        now = clock.now()
        with self.reading() as session:
            found = schedules.health_of(session, job, now)
            history = LISTING.read(session, request.args, Run.job == job)
            figures = run_statistics.of_job(session, job)
            recent = runs.recent(session, [job], schedule_rows.SHOWN)[job]
        plan = found.schedule
        upcoming = [] if plan.paused_at else schedules.preview(plan.cron, plan.zone, now)
        return self.render(
            "jobs/job.html",
            found=found,
            page=history,
            recent=recent,
            figures=figures,
            lengths=_lengths(figures.durations[-schedule_rows.SHOWN :]),
            upcoming=upcoming,
            triggers=TRIGGERS,
            catch_up=CATCH_UP,
        )

    @page("/<job>/runs.csv")
    def export(self, job: str) -> Any:
        """The history, all of it, as a file."""
        return download(f"runs-{job}", LISTING, self.reading_to_export(), request.args, Run.job == job)


def _lengths(durations: Sequence[tuple[int, float]]) -> charts.Picture | None:
    """The lengths of runs as bars, in milliseconds; nothing for one that has no trend."""
    if len(durations) < 2:
        return None
    return charts.count_chart([str(run) for run, _ in durations], [round(1000 * seconds) for _, seconds in durations])
