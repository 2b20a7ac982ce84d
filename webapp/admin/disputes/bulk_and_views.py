"""Many disputes at once."""

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext

from webapp import clock
from webapp.admin.disputes.forms import BulkDisputeForm, set_assignee_choices
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.screen import Screen
from webapp.security import current_actor
from webapp.services.disputes import handling


class DisputeListActions(Screen):
    """The actions of the list."""

    @action("/assign", permission="dispute:work", form=BulkDisputeForm)
    def assign_all(self, form: BulkDisputeForm) -> Done:
        """Give the marked disputes to somebody."""
        to = int(form.user_id.data) if form.user_id.data else None
        with self.transaction() as session:
            count = handling.assign_all(session, form.ids.data or [], to, at=clock.now(), actor=current_actor())
        return ngettext("%(num)s dispute was assigned.", "%(num)s disputes were assigned.", count)

    @assign_all.confirmation
    def _confirm_assign_all(self) -> ActionPage:
        ids = request.args.getlist("ids", type=int)
        summary = _("Each marked dispute that is still open goes to this person.")
        return ActionPage(
            _("Assign disputes"), self.at(), summary, _("Assign"), values={"ids": ids}, prepare=_prepare_bulk
        )


def _prepare_bulk(form: BulkDisputeForm) -> None:
    set_assignee_choices(form)
    form.ids.choices = [(number, str(number)) for number in form.ids.data or []]
