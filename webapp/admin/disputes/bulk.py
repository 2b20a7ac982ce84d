"""Many disputes at once: chosen in the list, looked at before, then done by a run."""

from typing import Any

from flask import flash, make_response, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from webapp import clock
from webapp.admin.disputes.bulk_labels import action_label, used_fields
from webapp.admin.disputes.forms import (
    BulkAskForm,
    BulkAssignForm,
    BulkDecisionForm,
    set_assignee_choices,
)
from webapp.admin.disputes.listing import listing_of, tab_of
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.formatting import number
from webapp.admin.ui.lists.marked_rows import list_args, list_query, marked_rows
from webapp.admin.ui.screen import Screen
from webapp.jobs.engine.queue import enqueue_after_commit
from webapp.security import current_actor
from webapp.security.context import current_person, runtime
from webapp.services.disputes import bulk, queues
from webapp.services.disputes.bulk import BulkRequest


class BulkDisputeActions(Screen):
    """What is done to the marked disputes of a list, or to all that it found. The address says which they are."""

    @action("/bulk/assign", permission="dispute:work", form=BulkAssignForm)
    def assign_many(self, form: BulkAssignForm) -> Done:
        """Give them to somebody."""
        return self._checked(form, BulkRequest("assign", user_id=int(form.user_id.data) if form.user_id.data else None))

    @assign_many.confirmation
    def _confirm_assign_many(self) -> ActionPage:
        return self._bulk_page(_("Assign many disputes"), set_assignee_choices)

    @action("/bulk/evidence", permission="dispute:work", form=BulkAskForm)
    def ask_many(self, form: BulkAskForm) -> Done:
        """Ask a party of each for evidence."""
        return self._checked(form, BulkRequest("ask", side=str(form.side.data), body=form.text("body")))

    @ask_many.confirmation
    def _confirm_ask_many(self) -> ActionPage:
        return self._bulk_page(_("Ask for evidence in many disputes"))

    @action("/bulk/decision", permission="money:propose", form=BulkDecisionForm)
    def decide_many(self, form: BulkDecisionForm) -> Done:
        """Decide each alike."""
        asked = BulkRequest(
            "decide", resolution=str(form.resolution.data), code=str(form.code.data), reason=form.text("reason")
        )
        return self._checked(form, asked)

    @decide_many.confirmation
    def _confirm_decide_many(self) -> ActionPage:
        return self._bulk_page(_("Decide many disputes"))

    def _bulk_page(self, title: str, prepare: Any = None) -> ActionPage:
        ids, more = self._chosen()
        summary = ngettext(
            "For %(num)s dispute. You see what applies and what is skipped before anything is done.",
            "For %(num)s disputes. You see what applies and what is skipped before anything is done.",
            len(ids),
        )
        missing = [] if ids else [_("No dispute is marked. Mark some in the list, or all that were found.")]
        if more:
            summary += " " + _(
                "More were found: these are the first %(most)s in the list's order.", most=number(bulk.MOST)
            )
        return ActionPage(title, self._list(), summary, _("Preview"), comes_first=missing, prepare=prepare)

    def _checked(self, form: Any, asked: BulkRequest) -> Any:
        ids = self._chosen()[0]
        with self.reading() as session:
            found = bulk.preflight(
                session, asked, ids, at=clock.now(), actor=current_actor(), settings=runtime().settings
            )
        if form.step.data == "do" and form.seen.data == found.digest:
            return self._started(asked, found)
        if form.step.data == "do":
            flash(_("The disputes have changed since. Nothing was done; this is how they are now."), "warning")
        form.seen.data = found.digest
        return make_response(
            self.render(
                "disputes/bulk_preflight.html",
                preflight=found,
                form=form,
                back=self._list(),
                verb=action_label(form, asked, found),
                used=used_fields(form, asked),
                moves_money=asked.moves_money,
            )
        )

    def _started(self, asked: BulkRequest, found: bulk.Preflight) -> Done:
        with self.transaction() as session:
            run = bulk.start(session, asked, found.items, at=clock.now(), actor=current_actor())
            enqueue_after_commit(runtime(), session, run)
        return _("Run %(number)s sees to it.", number=run.id), url_for("runs.one", run_id=run.id)

    def _chosen(self) -> tuple[list[int], bool]:
        tab = tab_of(list_args())
        conditions = queues.conditions(tab, current_person()[0].id, clock.now())
        with self.reading() as session:
            return marked_rows(session, listing_of(tab), bulk.MOST, *conditions)

    def _list(self) -> str:
        return self.at() + list_query()
