"""Many disputes at once: given to somebody, or kept as a view by name."""

from urllib.parse import urlencode

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext

from webapp import clock
from webapp.admin.disputes.forms import BulkDisputeForm, ViewForm, set_assignee_choices
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm
from webapp.admin.ui.screen import Screen
from webapp.models import SavedView
from webapp.security import current_actor
from webapp.security.context import current_person
from webapp.services.disputes import handling
from webapp.services.users import saved_views


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

    @action("/views", permission="dispute:read", form=ViewForm)
    def save_view(self, form: ViewForm) -> Done:
        """Keep the list's filters by name."""
        with self.transaction() as session:
            view = saved_views.save(session, current_person()[0].id, "disputes", form.text("name"), form.text("query"))
            return _("The view %(name)s is saved.", name=view.name), f"/disputes?{view.query}"

    @save_view.confirmation
    def _confirm_save(self) -> ActionPage:
        kept = {name: value for name, value in request.args.items() if name not in ("after", "before")}
        return ActionPage(
            _("Save this view"),
            self.at(),
            _("It appears above the list, for you only."),
            _("Save view"),
            values={"query": urlencode(kept)},
        )

    @action("/views/<int:view_id>/remove", permission="dispute:read")
    def remove_view(self, view_id: int, form: DeskForm) -> Done:
        """Forget a view."""
        with self.transaction() as session:
            return _("The view %(name)s is gone.", name=saved_views.remove(session, current_person()[0].id, view_id))

    @remove_view.confirmation
    def _confirm_remove(self, view_id: int) -> ActionPage:
        with self.reading() as session:
            view = session.get(SavedView, view_id)
        name = view.name if view is not None and view.user_id == current_person()[0].id else "?"
        return ActionPage(
            _("Remove the view %(name)s", name=name),
            self.at(),
            _("The filters are forgotten. No dispute changes."),
            _("Remove"),
            danger=True,
        )


def _prepare_bulk(form: BulkDisputeForm) -> None:
    set_assignee_choices(form)
    form.ids.choices = [(number, str(number)) for number in form.ids.data or []]
