"""Failed runs, retried or taken off the list, and waiting ones, cancelled: one, a page, or all that match."""

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
from webapp.admin.ui.job_names import all_titles, jobs_called, titled
from webapp.admin.ui.lists.columns import Column, choice, since, until
from webapp.admin.ui.lists.list_screen import ListScreen
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.lists.listing_state import ListState
from webapp.domain.numbers import parse_whole
from webapp.models import Run
from webapp.security import current_actor
from webapp.services.scheduling import bulk_actions, runs
from webapp.services.scheduling.bulk_actions import RunFilter

_JOB = "purge_expired"
"""The job whose runs by hand do what is asked for many."""
_NARROWING = ("tab", "job", "since", "until", "q")
TABS = {"failed": _l("Failed"), "waiting": _l("Waiting for a worker")}
_WAITING = _l("Nothing waits: a run stands here from the moment it is queued until a worker takes it.")


def _jobs() -> Sequence[tuple[str, str]]:
    return [(name, titled(name)) for name, _title in all_titles()]


LISTING = Listing(
    key=Run.id,
    columns=(
        Column("id", _l("Run"), Run.id, kind="ref", link=lambda row: url_for("runs.one", run_id=row.id), sort=True),
        Column("job", _l("Job"), Run.job, kind="job", link=lambda row: url_for("jobs.one", job=row.job)),
        Column("parameters", "", Run.parameters, shown=False, exported=False),
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
    search=lambda words: bulk_actions.called(words, jobs_called(words)),
    search_hint=_l("Part of the error or of the job's title"),
)


class FailedRunScreen(ListScreen):
    """What failed or was lost, and has not been taken off the list; and what waits, which can be cancelled."""

    slug = "failed-runs"
    title = _l("Failed and waiting runs")
    permission = "job:read"
    in_menu = False
    listing = LISTING
    list_template = "jobs/failed_runs.html"
    empty = _l("Runs that failed or were lost appear here until somebody takes them off the list.")
    intro = _l("Retry failed runs or take them off the list, and cancel waiting ones. A run's own page stays.")

    def conditions(self) -> tuple[Any, ...]:
        """Failed and not seen to, or waiting; dry runs change nothing."""
        return (bulk_actions.BULK_ACTIONS["cancel" if _tab() == "waiting" else "retry"].which, ~Run.dry_run)

    def around(self, session: Any) -> dict[str, Any]:
        """The tabs, and what the actions for many are about."""
        return {
            "tab": _tab(),
            "tabs": [(label, self.at(tab=name), name == _tab(), None) for name, label in TABS.items()],
            "narrowed": {name: request.args[name] for name in _NARROWING if request.args.get(name)},
            "empty": _WAITING if _tab() == "waiting" else self.empty,
        }

    @action("/retry", permission="job:run")
    def retry(self, form: DeskForm) -> Done:
        """Retry many, in a run of its own."""
        return self._begin("retry")

    @retry.confirmation
    def _confirm_retry(self) -> ActionPage:
        summary = _("Each is run again: its failed items, or all of it.")
        return self._page("retry", _("Retry failed runs"), _("Retry them"), summary)

    @action("/remove", permission="job:run")
    def remove(self, form: DeskForm) -> Done:
        """Take many off the list, in a run of its own."""
        return self._begin("dismiss")

    @remove.confirmation
    def _confirm_remove(self) -> ActionPage:
        summary = _("They leave this list. Nothing is retried; each run stays in its job's history.")
        return self._page("dismiss", _("Take failed runs off the list"), _("Take them off the list"), summary)

    @action("/cancel", permission="job:run")
    def cancel(self, form: DeskForm) -> Done:
        """Cancel many that wait, in a run of its own."""
        return self._begin("cancel")

    @cancel.confirmation
    def _confirm_cancel(self) -> ActionPage:
        summary = _("Each ends before it begins, and its slot counts as not done. One that has begun goes on.")
        return self._page("cancel", _("Cancel waiting runs"), _("Cancel them"), summary, danger=True)

    def _begin(self, verb: str) -> Done:
        ListState.of(LISTING, request.args).require_usable()
        which, _problems = _meant()
        asked = {"action": verb, **which.parameters()}
        return started(self, lambda session: runs.trigger(session, _JOB, actor=current_actor(), parameters=asked))

    def _page(self, asked: str, title: str, verb: str, summary: str, *, danger: bool = False) -> ActionPage:
        which, problems = _meant()
        with self.reading() as session:
            many = bulk_actions.how_many(session, asked, which)
        most = number(bulk_actions.MOST)
        found = (
            _("more than %(most)s; the newest %(most)s are taken", most=most)
            if many > bulk_actions.MOST
            else number(many)
        )
        background = _("A run of its own does it in the background and names what became of each.")
        back = self.at("index", **{name: value for name, value in request.args.items() if name in _NARROWING})
        facts = [(_("Runs"), found)]
        return ActionPage(title, back, f"{summary} {background}", verb, danger, facts=facts, comes_first=problems)


def _tab() -> str:
    wanted = request.args.get("tab", "")
    return wanted if wanted in TABS else "failed"


def _meant() -> tuple[RunFilter, list[str]]:
    """Which runs the address means, and what in it can't be used: left out, it would mean more of them."""
    state = ListState.of(LISTING, request.args)
    last = state.values.get("until")
    ids = [parse_whole(each) for each in request.args.get("ids", "").split(",") if each]
    which = RunFilter(
        job=state.values.get("job"),
        error=state.search or None,
        named=jobs_called(state.search) if state.search else (),
        since=state.values.get("since"),
        until=None if last is None else last + timedelta(days=1),
        ids=[each for each in ids if each is not None] if "ids" in request.args else None,
    )
    return which, list(state.problems.values())
