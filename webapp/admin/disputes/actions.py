"""What people do with a dispute short of deciding it: take, assign, write, ask, escalate, withdraw."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from webapp import clock
from webapp.admin.disputes.forms import AskForm, AssignForm, MessageForm, OpenForm, set_assignee_choices
from webapp.admin.disputes.reply_choice import chosen_reply
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm, VersionedReasonForm
from webapp.admin.ui.screen import Screen
from webapp.models import Dispute
from webapp.security import current_actor
from webapp.security.context import current_person, runtime
from webapp.services.approvals import escrow_decisions
from webapp.services.disputes import disputes, handling
from webapp.services.disputes.disputes import NewDispute


class DisputeActions(Screen):
    """The actions of a dispute that move no money."""

    @action("/<int:dispute_id>/take", permission="dispute:work")
    def take(self, dispute_id: int, form: DeskForm) -> Done:
        """Make a dispute one's own."""
        with self.transaction() as session:
            dispute = handling.assign(
                session, dispute_id, current_person()[0].id, at=clock.now(), actor=current_actor()
            )
            return _("%(ref)s is yours.", ref=dispute.ref)

    @take.confirmation
    def _confirm_take(self, dispute_id: int) -> ActionPage:
        ref = self._dispute(dispute_id).ref
        return self._about(
            dispute_id,
            _("Take %(ref)s", ref=ref),
            _("It becomes yours and appears under Mine. Whoever has it now no longer does."),
            _("Take it"),
        )

    @action("/<int:dispute_id>/give-back", permission="dispute:work")
    def give_back(self, dispute_id: int, form: DeskForm) -> Done:
        """Let somebody else take it."""
        with self.transaction() as session:
            dispute = handling.assign(session, dispute_id, None, at=clock.now(), actor=current_actor())
            return _("%(ref)s is unassigned.", ref=dispute.ref)

    @give_back.confirmation
    def _confirm_give_back(self, dispute_id: int) -> ActionPage:
        ref = self._dispute(dispute_id).ref
        return self._about(
            dispute_id,
            _("Give %(ref)s back", ref=ref),
            _("It appears under Unassigned, for anybody to take."),
            _("Give it back"),
        )

    @action("/<int:dispute_id>/assign", permission="dispute:work", form=AssignForm)
    def assign(self, dispute_id: int, form: AssignForm) -> Done:
        """Give a dispute to somebody."""
        with self.transaction() as session:
            dispute = handling.assign(
                session,
                dispute_id,
                int(form.user_id.data) if form.user_id.data else None,
                at=clock.now(),
                actor=current_actor(),
            )
            if dispute.assignee_id is None:
                return _("%(ref)s is assigned to nobody.", ref=dispute.ref)
            return _("%(ref)s is assigned.", ref=dispute.ref)

    @assign.confirmation
    def _confirm_assign(self, dispute_id: int) -> ActionPage:
        dispute = self._dispute(dispute_id)
        now = str(dispute.assignee_id or "")
        return self._about(
            dispute_id,
            _("Assign %(ref)s", ref=dispute.ref),
            "",
            _("Assign"),
            values={"user_id": now},
            prepare=set_assignee_choices,
        )

    @action("/<int:dispute_id>/message", permission="dispute:work", form=MessageForm, template="disputes/message.html")
    def message(self, dispute_id: int, form: MessageForm) -> Done:
        """Write to a party, or a note."""
        with self.transaction() as session:
            handling.say(
                session,
                dispute_id,
                form.side,
                form.text("body"),
                at=clock.now(),
                actor=current_actor(),
                inbound=form.inbound,
            )
        return _("The note was added.") if form.side == "internal" else _("The message was written.")

    @message.confirmation
    def _confirm_message(self, dispute_id: int) -> ActionPage:
        ref = self._dispute(dispute_id).ref
        return self._about(
            dispute_id,
            _("Write about %(ref)s", ref=ref),
            _("A message goes to one party. An internal note stays on the desk."),
            _("Send"),
            values=chosen_reply(dispute_id, "audience"),
        )

    @action("/<int:dispute_id>/ask", permission="dispute:work", form=AskForm, template="disputes/message.html")
    def ask(self, dispute_id: int, form: AskForm) -> Done:
        """Make a party answer by a deadline."""
        with self.transaction() as session:
            handling.ask(
                session,
                dispute_id,
                form.side.data,
                form.text("body"),
                at=clock.now(),
                actor=current_actor(),
                settings=runtime().settings,
            )
        return _("The question was sent. The clock of the decision stands still until the answer.")

    @ask.confirmation
    def _confirm_ask(self, dispute_id: int) -> ActionPage:
        hours = runtime().settings.dispute_response_hours
        summary = ngettext(
            "They have %(num)s hour to answer. The decision's own clock stands still for as long.",
            "They have %(num)s hours to answer. The decision's own clock stands still for as long.",
            hours,
        )
        return self._about(
            dispute_id,
            _("Ask a party about %(ref)s", ref=self._dispute(dispute_id).ref),
            summary,
            _("Ask and wait"),
            values=chosen_reply(dispute_id, "side"),
        )

    @action("/<int:dispute_id>/answered", permission="dispute:work")
    def answered(self, dispute_id: int, form: DeskForm) -> Done:
        """The party has answered."""
        with self.transaction() as session:
            handling.answered(session, dispute_id, at=clock.now(), actor=current_actor())
        return _("It is under review again.")

    @answered.confirmation
    def _confirm_answered(self, dispute_id: int) -> ActionPage:
        ref = self._dispute(dispute_id).ref
        return self._about(
            dispute_id,
            _("Go on with %(ref)s", ref=ref),
            _("It goes back under review, and the clock of the decision runs on."),
            _("Go on"),
        )

    @action("/<int:dispute_id>/escalate", permission="dispute:work", form=VersionedReasonForm)
    def escalate(self, dispute_id: int, form: VersionedReasonForm) -> Done:
        """Ask for somebody more experienced."""
        with self.transaction() as session:
            handling.escalate(session, dispute_id, form.text("reason"), at=clock.now(), actor=current_actor())
        return _("It is escalated.")

    @escalate.confirmation
    def _confirm_escalate(self, dispute_id: int) -> ActionPage:
        ref = self._dispute(dispute_id).ref
        return self._about(
            dispute_id,
            _("Escalate %(ref)s", ref=ref),
            _("It is marked for somebody more experienced. Nothing else changes."),
            _("Escalate"),
        )

    @action("/<int:dispute_id>/withdraw", permission="dispute:work", form=VersionedReasonForm)
    def withdraw(self, dispute_id: int, form: VersionedReasonForm) -> Done:
        """The claimant gives the claim up."""
        with self.transaction() as session:
            disputes.withdraw(
                session,
                dispute_id,
                form.text("reason"),
                version=form.number("version"),
                at=clock.now(),
                actor=current_actor(),
                settings=runtime().settings,
            )
        return _("The dispute is withdrawn, and its freeze is lifted.")

    @withdraw.confirmation
    def _confirm_withdraw(self, dispute_id: int) -> ActionPage:
        dispute = self._dispute(dispute_id)
        summary = _(
            "The claim ends without a decision and its freeze is lifted: the escrow goes back to its own timer."
        )
        return self._about(
            dispute_id,
            _("Withdraw %(ref)s", ref=dispute.ref),
            summary,
            _("Withdraw"),
            danger=True,
            values={"version": dispute.version},
        )

    @action("/open/<int:escrow_id>", permission="dispute:open", form=OpenForm)
    def open(self, escrow_id: int, form: OpenForm) -> Done:
        """Open a dispute on an escrow."""
        new = NewDispute(escrow_id, form.claimant.data, form.reason_code.data, form.text("claim"), kind=form.kind.data)
        with self.transaction() as session:
            dispute = disputes.open_dispute(
                session, new, at=clock.now(), actor=current_actor(), settings=runtime().settings
            )
            return _("%(ref)s is open, and the escrow is frozen.", ref=dispute.ref), self.at(
                "one", dispute_id=dispute.id
            )

    @open.confirmation
    def _confirm_open(self, escrow_id: int) -> ActionPage:
        with self.reading() as session:
            escrow = escrow_decisions.get(session, escrow_id)
        summary = _("The escrow is frozen at once: no timer and no job may move its money until the dispute ends.")
        back = f"/escrows/{escrow_id}"
        return ActionPage(_("Open a dispute on %(ref)s", ref=escrow.ref), back, summary, _("Open dispute"))

    def _dispute(self, dispute_id: int) -> Dispute:
        with self.reading() as session:
            return disputes.get(session, dispute_id)

    def _about(self, dispute_id: int, title: str, summary: str, verb: str, **more: Any) -> ActionPage:
        return ActionPage(title, self.at("one", dispute_id=dispute_id), summary, verb, **more)
