"""The first page after sign-in."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import request
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from webapp import clock
from webapp.admin.dashboard.system_status import evaluate
from webapp.admin.ui import charts, kept_figures
from webapp.admin.ui.screen import Screen, page
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.common import kill_switch
from webapp.services.read_models import first_steps, money_totals, work_counts, work_queue
from webapp.services.read_models.kept_figures import OVERVIEW
from webapp.services.scheduling import processes, schedule_rows
from webapp.services.scheduling.queue_depth import waiting
from webapp.services.scheduling.schedules import JobHealth

_NOTICES = 2
"""How many late jobs have a notice and a button of their own: where many are late, a button for one is no cure."""


class OverviewScreen(Screen):
    """The status of the jobs, the money that is held, and what waits for someone."""

    slug = "overview"
    address = "/"
    title = _l("Overview")
    permission = "job:read"
    icon = "home"
    order = 0

    @page("/")
    def index(self) -> Any:
        """Everything at a glance; read at one instant, but the sums of money, which say how old they are."""
        now = clock.now()
        with self.reading() as session:
            rows = schedule_rows.load(session, now)
            stopped = kill_switch.disabled_reason(session)
            alive = self._alive(session, now)
            silent = [kind for kind in (processes.WORKER, processes.SCHEDULER) if not alive[kind]]
            sums = kept_figures.read(session, OVERVIEW, now)
            summary = sums.value
            values = {"summary": summary, "sums": sums, "waiting": waiting(session, now), **self._needs(session, now)}
            values |= {"firing": work_queue.firing_alerts(session)}
            begun = first_steps.read(session)
            held = dict(summary.held)
            currency = self._currency(list(held))
            flow = money_totals.flow(session, currency, held[currency], _today(now)) if currency else None
        jobs = [row.health for row in rows]
        return self.render(
            "dashboard/overview.html",
            rows=rows,
            late=_longest_late(jobs),
            system_status=evaluate(jobs, silent, stopped, now, has_orders=begun.orders),
            begun=begun,
            stopped=stopped,
            alive=alive,
            currency=currency,
            held=charts.held_over_time(flow, currency) if flow else None,
            moved=charts.moved_per_day(flow, currency) if flow else None,
            most=money_totals.ADDED_UP,
            **values,
        )

    def _alive(self, session: Session, now: datetime) -> dict[str, int]:
        since = now - timedelta(seconds=runtime().settings.silence_seconds)
        kinds = [process.kind for process in processes.all_processes(session) if process.heartbeat_at >= since]
        return {kind: kinds.count(kind) for kind in (processes.WORKER, processes.SCHEDULER)}

    def _needs(self, session: Session, now: datetime) -> dict[str, Any]:
        """The most urgent of what waits for who is asking, of all kinds, and how many of each kind there are."""
        actor = current_actor()
        counts = {kind: count for kind, count in work_counts.counts(session, actor, now).items() if count}
        return {
            "needs": work_queue.most_urgent(session, actor, now, list(counts)),
            "counts": counts,
            "count_in_words": work_counts.in_words,
        }

    def _currency(self, held: list[str]) -> str:
        wanted = request.args.get("currency", "")
        return wanted if wanted in held else next(iter(held), "")


def _longest_late(jobs: Sequence[JobHealth]) -> list[JobHealth]:
    """The few that have been late for the longest; the status names all, and each stands among the jobs below."""
    late = [(job.late_since, job) for job in jobs if job.late_since is not None]
    return [job for _, job in sorted(late, key=lambda each: each[0])[:_NOTICES]]


def _today(now: datetime) -> date:
    return now.astimezone(UTC).date()
