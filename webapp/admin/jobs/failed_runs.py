"""Failed runs: found by job, error and day, and retried or taken off the list, one, a page or all that match."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm
from webapp.admin.ui.actions.run_actions import started
from webapp.admin.ui.formatting import number
from webapp.admin.ui.job_names import all_titles, titled
from webapp.admin.ui.lists.columns import Column, choice, since, until
from webapp.admin.ui.lists.list_screen import ListScreen
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.lists.listing_state import ListState
from webapp.domain.numbers import parse_whole
from webapp.domain.words import phrase
from webapp.errors import Invalid
from webapp.models import Run
from webapp.security import current_actor
from webapp.services.scheduling import bulk_actions, runs
from webapp.services.scheduling.bulk_actions import RunFilter

_JOB = "purge_expired"
"""The job whose runs by hand do what is asked for many."""
_NARROWING = ("job", "since", "until", "q")


def _jobs() -> Sequence[tuple[str, str]]:
    return [(name, titled(name)) for name, _title in all_titles()]


LISTING = Listing(
    key=Run.id,
    columns=(
        Column("id", _l("Run"), Run.id, kind="ref", link=lambda row: url_for("runs.one", run_id=row.id), sort=True),
        Column("job", _l("Job"), Run.job, link=lambda row: url_for("jobs.one", job=row.job)),
        Column("status", _l("Outcome"), Run.status, kind="badge"),
        Column("error", _l("Error"), Run.error),
        Column("failed", _l("Failed items"), Run.failed, kind="number"),
        Column("created_at", _l("Queued"), Run.created_at, kind="when"),
        Column("by_name", _l("By"), Run.by_name),
    ),
    filters=(
        choice("job", _l("Job"), Run.job, _jobs),
        since("since", _l("From"), Run.created_at),
        until("until", _l("Until"), Run.created_at),
    ),
    search=lambda words: Run.error.icontains(words, autoescape=True),
    search_hint=_l("Part of the error"),
)


class FailedRunScreen(ListScreen):
    """What failed or was lost, and has not been taken off the list."""

    slug = "failed-runs"
    title = _l("Failed runs")
    permission = "job:read"
    in_menu = False
    listing = LISTING
    list_template = "jobs/failed_runs.html"
    empty = _l("Runs that failed or were lost appear here until somebody takes them off the list.")
    intro = _l("Runs that failed or were lost. Retry them, or take them off the list; the run's own page stays.")

    def conditions(self) -> tuple[Any, ...]:
        """Failed and not seen to; dry runs change nothing."""
        return (bulk_actions.FAILED, ~Run.dry_run)

    def around(self, session: Any) -> dict[str, Any]:
        """What the actions for many are about."""
        return {"narrowed": {name: request.args[name] for name in _NARROWING if request.args.get(name)}}

    @action("/retry", permission="job:run")
    def retry(self, form: DeskForm) -> Done:
        """Retry many, in a run of its own."""
        return self._begin("retry")

    @retry.confirmation
    def _confirm_retry(self) -> ActionPage:
        return self._page(
            _("Retry failed runs"), _("Retry them"), _("Each is run again: its failed items, or all of it.")
        )

    @action("/remove", permission="job:run")
    def remove(self, form: DeskForm) -> Done:
        """Take many off the list, in a run of its own."""
        return self._begin("dismiss")

    @remove.confirmation
    def _confirm_remove(self) -> ActionPage:
        summary = _("They leave this list. Nothing is retried; each run stays in its job's history.")
        return self._page(_("Take failed runs off the list"), _("Take them off the list"), summary)

    def _begin(self, verb: str) -> Done:
        which, problems = _meant()
        if problems:
            raise Invalid(phrase("The list is narrowed by what can't be used. Mend it first."))
        asked = {"action": verb, **which.parameters()}
        return started(self, lambda session: runs.trigger(session, _JOB, actor=current_actor(), parameters=asked))

    def _page(self, title: str, verb: str, summary: str) -> ActionPage:
        which, problems = _meant()
        with self.reading() as session:
            many = bulk_actions.how_many(session, which)
        most = number(bulk_actions.MOST)
        found = (
            _("more than %(most)s; the newest %(most)s are taken", most=most)
            if many > bulk_actions.MOST
            else number(many)
        )
        background = _("A run of its own does it in the background and names what became of each.")
        back = self.at("index", **{name: value for name, value in request.args.items() if name in _NARROWING})
        return ActionPage(
            title, back, f"{summary} {background}", verb, facts=[(_("Runs"), found)], comes_first=problems
        )


def _meant() -> tuple[RunFilter, list[str]]:
    """Which runs the address means, and what in it can't be used: left out, it would mean more of them."""
    state = ListState.of(LISTING, request.args)
    last = state.values.get("until")
    ids = [parse_whole(each) for each in request.args.get("ids", "").split(",") if each]
    which = RunFilter(
        job=state.values.get("job"),
        error=state.search or None,
        since=state.values.get("since"),
        until=None if last is None else last + timedelta(days=1),
        ids=[each for each in ids if each is not None] if "ids" in request.args else None,
    )
    return which, list(state.problems.values())
