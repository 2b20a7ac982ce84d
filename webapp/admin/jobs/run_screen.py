"""A run: how far it is, what failed and why, what it said, and every transfer it made."""

from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp import clock
from webapp.admin.jobs.run_item_links import named
from webapp.admin.jobs.run_listing import TRIGGERS
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm
from webapp.admin.ui.formatting import number
from webapp.admin.ui.job_names import titled
from webapp.admin.ui.screen import Screen, page
from webapp.domain.numbers import parse_whole
from webapp.domain.states import UNFINISHED_RUNS
from webapp.errors import NotFound
from webapp.jobs.engine.queue import enqueue_after_commit
from webapp.models import Schedule
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.disputes.bulk import ACTION as BULK_DISPUTES
from webapp.services.ledger import transfer_queries
from webapp.services.scheduling import runs
from webapp.services.scheduling.run_queries import duration_ms

_ITEMS, _TRANSFERS, _LINES = 100, 50, 200


class RunScreen(Screen):
    """One execution of a job."""

    slug = "runs"
    title = _l("Run")
    permission = "job:read"
    in_menu = False

    @page("/")
    def index(self) -> Any:
        """A run has a page; the list of runs is its job's."""
        raise NotFound(_("Runs are listed on the page of their job."))

    @page("/<int:run_id>")
    def one(self, run_id: int) -> Any:
        """The run, live while it is under way."""
        after_item, after_transfer = _after("item"), _after("transfer")
        with self.reading() as session:
            run = runs.get(session, run_id)
            by_person = (run.parameters or {}).get("action") == BULK_DISPUTES
            items = runs.items(session, run_id, after=after_item, limit=_ITEMS + 1, done=by_person)
            moved = transfer_queries.of_run(session, run_id, after=after_transfer, limit=_TRANSFERS + 1)
            lines = runs.lines(session, run_id, limit=_LINES)
            retried = runs.retried_items(session, run, after=_after("retried"), limit=_ITEMS + 1)
            places = named(session, [*items, *(each.item for each in retried)])
            plan = session.get(Schedule, run.job)
        return self.render(
            "jobs/run.html",
            run=run,
            under_way=run.status in UNFINISHED_RUNS,
            seconds=_seconds(run),
            trigger=TRIGGERS.get(run.trigger, run.trigger),
            items=items[:_ITEMS],
            names_each=by_person,
            next_item=items[_ITEMS - 1].id if len(items) > _ITEMS else None,
            retried=retried[:_ITEMS],
            next_retried=retried[_ITEMS - 1].item.id if len(retried) > _ITEMS else None,
            places=places,
            moves_money=plan is not None and plan.moves_money,
            transfers=moved[:_TRANSFERS],
            next_transfer=moved[_TRANSFERS - 1].id if len(moved) > _TRANSFERS else None,
            lines=lines,
        )

    @action("/<int:run_id>/retry", permission="job:run")
    def retry(self, run_id: int, form: DeskForm) -> Done:
        """A new run of what failed."""
        with self.transaction() as session:
            run = runs.retry(session, run_id, actor=current_actor())
            enqueue_after_commit(runtime(), session, run)
        return _("Run %(number)s retries what failed.", number=run.id), self.at("one", run_id=run.id)

    @retry.confirmation
    def _confirm_retry(self, run_id: int) -> ActionPage:
        with self.reading() as session:
            run = runs.get(session, run_id)
        summary = _(
            "A new run of %(job)s takes only the items that failed in run %(number)s, as far as they are due still.",
            job=titled(run.job),
            number=run.id,
        )
        facts = [(_("Failed"), number(run.failed)), (_("Job"), titled(run.job))]
        title = _("Retry what failed in run %(number)s", number=run.id)
        return ActionPage(title, self.at("one", run_id=run_id), summary, _("Retry failed items"), facts=facts)


def _after(kind: str) -> int:
    return parse_whole(request.args.get(f"after_{kind}", "")) or 0


def _seconds(run: Any) -> float | None:
    took = duration_ms(run)
    if took is not None:
        return took / 1000
    return (clock.now() - run.started_at).total_seconds() if run.started_at else None
