"""What people do with deliveries."""

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from wtforms import HiddenField

from webapp import clock
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm
from webapp.admin.ui.formatting import number
from webapp.admin.ui.lists.list_screen import ListScreen
from webapp.jobs.engine.queue import enqueue_after_commit
from webapp.models import Delivery
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.notifications import deliveries
from webapp.services.scheduling import runs


class DeadForm(DeskForm):
    """Which dead letters."""

    channel = HiddenField()
    kind = HiddenField()

    def filters(self) -> dict[str, str]:
        """As a request for a run."""
        return {name: self.text(name) for name in ("channel", "kind") if self.text(name)}


class DeliveryActions(ListScreen):
    """The actions of deliveries."""

    @action("/<int:delivery_id>/send-again", permission="delivery:retry")
    def send_again(self, delivery_id: int, form: DeskForm) -> Done:
        """Let one go out again."""
        with self.transaction() as session:
            deliveries.send_again(session, delivery_id, at=clock.now(), actor=current_actor())
        return _("It goes out again within a minute.")

    @send_again.confirmation
    def _confirm_send(self, delivery_id: int) -> ActionPage:
        summary = _("It goes out at once, with all its attempts. A webhook keeps its id, so that who has it can tell.")
        return self._action_page(
            delivery_id, _("Send delivery %(number)s again", number=delivery_id), summary, _("Send again")
        )

    @action("/<int:delivery_id>/cancel", permission="delivery:retry")
    def cancel(self, delivery_id: int, form: DeskForm) -> Done:
        """Do not send it."""
        with self.transaction() as session:
            deliveries.cancel(session, delivery_id, at=clock.now(), actor=current_actor())
        return _("It is cancelled.")

    @cancel.confirmation
    def _confirm_cancel(self, delivery_id: int) -> ActionPage:
        summary = _("It is not sent, or not tried again.")
        title = _("Cancel delivery %(number)s", number=delivery_id)
        return self._action_page(delivery_id, title, summary, _("Cancel the delivery"), danger=True)

    @action("/send-dead-again", permission="delivery:retry", form=DeadForm)
    def send_dead_again(self, form: DeadForm) -> Done:
        """Let all dead letters that match go out again; many in a run of their own."""
        filters = form.filters()
        with self.transaction() as session:
            if deliveries.count_dead(session, filters) <= deliveries.AT_ONCE:
                done = deliveries.send_dead_again(session, filters, at=clock.now(), actor=current_actor())
                return _("%(count)s go out again within a minute.", count=number(done))
            parameters = {"action": "send_dead_again", **filters}
            run = runs.trigger(session, "deliver_outbox", actor=current_actor(), parameters=parameters)
            enqueue_after_commit(runtime(), session, run)
        return _("Run %(number)s sees to it.", number=run.id), url_for("runs.one", run_id=run.id)

    @send_dead_again.confirmation
    def _confirm_dead(self) -> ActionPage:
        filters = {name: request.args.get(name, "") for name in ("channel", "kind")}
        with self.reading() as session:
            count = deliveries.count_dead(session, filters)
        many = count > deliveries.AT_ONCE
        if many:
            summary = _(
                "More than %(count)s dead letters go out again, with all their attempts. A run of deliver_outbox does "
                "it in the background.",
                count=deliveries.AT_ONCE,
            )
        else:
            summary = ngettext(
                "%(num)s dead letter goes out again, with all its attempts.",
                "%(num)s dead letters go out again, with all their attempts.",
                count,
            )
        back = self.at(tab="dead", **{name: value for name, value in filters.items() if value})
        return ActionPage(_("Send dead letters again"), back, summary, _("Send them again"), values=filters)

    def _action_page(
        self, delivery_id: int, title: str, summary: str, verb: str, *, danger: bool = False
    ) -> ActionPage:
        with self.reading() as session:
            found: Delivery = deliveries.get(session, delivery_id)
        facts = [(_("What"), found.kind), (_("By"), found.channel), (_("To"), found.recipient or "–")]
        return ActionPage(title, self.at("one", delivery_id=delivery_id), summary, verb, danger=danger, facts=facts)
