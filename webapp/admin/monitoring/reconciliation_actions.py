"""What people do about other books: ask the external ledger what it has, send it what it lacks, accept what differs."""

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField
from wtforms.validators import Optional

from webapp import clock
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm, InstantField, ReasonForm
from webapp.admin.ui.formatting import money, number
from webapp.admin.ui.lists.list_screen import ListScreen
from webapp.jobs.engine.queue import enqueue_after_commit
from webapp.jobs.periodic.check_mirror import JOB, SEND, SINCE
from webapp.jobs.periodic.verify import BOOKS_JOB, FROM_FIRST
from webapp.models import Discrepancy
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.common import lookup
from webapp.services.reconciliation import discrepancy_decisions, mirror_queue
from webapp.services.scheduling import runs


class SinceForm(DeskForm):
    """How far back to ask."""

    since = InstantField(
        _l("Sent since"), [Optional()], description=_l("Empty: everything. After a restore, when its backup was made.")
    )


class AcceptForm(ReasonForm):
    """Why a discrepancy stays as it is; with it travels what was shown."""

    seen = HiddenField()


class ReconciliationActions(ListScreen):
    """The actions of the external ledger and of a discrepancy."""

    @action("/check-books", permission="job:run")
    def check_books(self, form: DeskForm) -> Done:
        """Look at all of the desk's own book."""
        with self.transaction() as session:
            run = runs.trigger(session, BOOKS_JOB, actor=current_actor(), parameters={FROM_FIRST: True})
            enqueue_after_commit(runtime(), session, run)
        return _("Run %(number)s checks all books.", number=run.id), url_for("runs.one", run_id=run.id)

    @check_books.confirmation
    def _confirm_check_books(self) -> ActionPage:
        summary = _(
            "Every transfer, account and escrow is looked at in the background, then the other books are "
            "compared. What is wrong is alerted. The checkpoints that the hourly check counts from are made anew "
            "from the entries."
        )
        return ActionPage(_("Check all of our own books"), self.at(), summary, _("Check it now"))

    @action("/check", permission="job:run", form=SinceForm)
    def check(self, form: SinceForm) -> Done:
        """Ask it by reference what it has."""
        since: Any = form.since.data
        return self._run({SINCE: clock.iso(since)} if since else {})

    @check.confirmation
    def _confirm_check(self) -> ActionPage:
        summary = _(
            "It is asked by reference, a hundred at once, for every transfer that it was sent, and for what it moved "
            "without the desk. Nothing is sent: what it lacks is shown, and sent again when you say so."
        )
        return ActionPage(_("Ask the external ledger what it has"), self.at(), summary, _("Ask it now"))

    @action("/send-again", permission="job:run")
    def send_again(self, form: DeskForm) -> Done:
        """Send again what it lacks, and ask it once more."""
        return self._run({SEND: True})

    @send_again.confirmation
    def _confirm_send_again(self) -> ActionPage:
        with self.reading() as session:
            count = mirror_queue.lacking(session)
        summary = _(
            "Its balances that are gone are made again, then it is sent what it lacks, each under its own reference: "
            "what is there after all is not moved twice. It is asked once more at the end."
        )
        facts = [(_("Transfers that it lacks"), number(count))]
        return ActionPage(_("Send again what it lacks"), self.at(), summary, _("Send them again"), facts=facts)

    @action("/<int:discrepancy_id>/accept", permission="book:accept", form=AcceptForm)
    def accept(self, discrepancy_id: int, form: AcceptForm) -> Done:
        """Let a discrepancy stay as it is."""
        with self.transaction() as session:
            discrepancy_decisions.accept(
                session,
                discrepancy_id,
                form.text("reason"),
                seen=form.text("seen"),
                actor=current_actor(),
                at=clock.now(),
            )
        return _(
            "The discrepancy is accepted as it is. It counts as open no more, and its alert ends with the last one."
        )

    @accept.confirmation
    def _confirm_accept(self, discrepancy_id: int) -> ActionPage:
        with self.reading() as session:
            found = lookup.by_id(session, Discrepancy, discrepancy_id, "discrepancy")
        summary = _(
            "No money moves, here or there. The two books go on differing by exactly this. When it becomes another "
            "amount, or says otherwise, it is a new discrepancy with an alert."
        )
        facts = [(_("Compared with"), found.source), (_("What differs"), found.detail)]
        if found.currency and found.gap:
            facts.append((_("Theirs less ours"), money(found.gap, found.currency)))
        return ActionPage(
            _("Accept %(reference)s", reference=found.reference),
            self.at("one", discrepancy_id=discrepancy_id),
            summary,
            _("Accept it"),
            values={"seen": discrepancy_decisions.shown(found)},
            facts=facts,
        )

    def _run(self, parameters: dict[str, Any]) -> Done:
        with self.transaction() as session:
            run = runs.trigger(session, JOB, actor=current_actor(), parameters=parameters or None)
            enqueue_after_commit(runtime(), session, run)
        return _("Run %(number)s asks the external ledger.", number=run.id), url_for("runs.one", run_id=run.id)
