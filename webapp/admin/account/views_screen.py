"""Saved views: any list with its filters and its order, kept by name for oneself or for everybody."""

from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, StringField
from wtforms.validators import DataRequired, Length

from webapp import clock
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm
from webapp.admin.ui.screen import Screen, page
from webapp.errors import NotFound
from webapp.models import SavedView
from webapp.security import current_actor
from webapp.security.access import SIGNED_IN
from webapp.security.context import current_person
from webapp.services.users import saved_views

_LONGEST = 60


class ViewForm(DeskForm):
    """A name for a list's filters, and whether others see it."""

    # No maxlength: a browser would cut what is pasted without a word.
    name = StringField(
        _l("Name"),
        [DataRequired(_l("Give it a name.")), Length(max=_LONGEST, message=_l("At most 60 characters."))],
        render_kw={"maxlength": False},
    )
    shared = BooleanField(_l("Everybody who sees this list sees the view too"))
    screen = HiddenField()
    query = HiddenField()


class NewViewForm(ViewForm):
    """A view that may take the place of one of the same name."""

    replace = BooleanField(_l("Replace my view of this name, whatever it shows and whoever sees it"))


class ViewScreen(Screen):
    """What people keep of lists."""

    slug = "views"
    title = _l("Saved views")
    permission = SIGNED_IN
    in_menu = False

    @page("/")
    def index(self) -> Any:
        """Views stand above their lists."""
        raise NotFound(_("Saved views are shown above the list that they are of."))

    @action("/add", permission=SIGNED_IN, form=NewViewForm)
    def add(self, form: NewViewForm) -> Done:
        """Keep a list's filters by name."""
        user = current_person()[0]
        with self.transaction() as session:
            view = saved_views.save(
                session,
                user.id,
                form.text("screen"),
                form.text("name"),
                form.text("query"),
                shared=bool(form.shared and form.shared.data),
                replace=bool(form.replace and form.replace.data),
                at=clock.now(),
                actor=current_actor(),
            )
            return _("The view %(name)s is saved.", name=view.name), f"/{view.screen}?{view.query}"

    @add.confirmation
    def _confirm_add(self) -> ActionPage:
        screen = request.args.get("screen", "")
        return ActionPage(
            _("Save this view"),
            f"/{screen}" if saved_views.is_list(screen) else "/",
            _("The list's filters, search and order are kept under this name, and stand above the list."),
            _("Save view"),
            values={"screen": screen, "query": request.args.get("query", "")},
            prepare=_prepare_new,
        )

    @action("/<int:view_id>/change", permission=SIGNED_IN, form=ViewForm)
    def change(self, view_id: int, form: ViewForm) -> Done:
        """Give a view another name, or share it."""
        shared = bool(form.shared and form.shared.data)
        with self.transaction() as session:
            view = saved_views.change(
                session, view_id, form.text("name"), shared=shared, at=clock.now(), actor=current_actor()
            )
            return _("The view %(name)s is saved.", name=view.name), f"/{view.screen}?{view.query}"

    @change.confirmation
    def _confirm_change(self, view_id: int) -> ActionPage:
        view = self._view(view_id)
        return ActionPage(
            _("Change the view %(name)s", name=view.name),
            f"/{view.screen}",
            _("What it shows stays as it is. To keep other filters, save the list by this name and replace it."),
            _("Save view"),
            values={"name": view.name, "shared": view.shared},
            prepare=_prepare,
        )

    @action("/<int:view_id>/remove", permission=SIGNED_IN)
    def remove(self, view_id: int, form: DeskForm) -> Done:
        """Forget a view."""
        with self.transaction() as session:
            view = saved_views.remove(session, view_id, at=clock.now(), actor=current_actor())
            return _("The view %(name)s is gone.", name=view.name), f"/{view.screen}"

    @remove.confirmation
    def _confirm_remove(self, view_id: int) -> ActionPage:
        view = self._view(view_id)
        what = _("Its filters are forgotten, for everybody.") if view.shared else _("Its filters are forgotten.")
        return ActionPage(
            _("Remove the view %(name)s", name=view.name),
            f"/{view.screen}",
            _("%(what)s Nothing that it showed changes.", what=what),
            _("Remove"),
            danger=True,
        )

    def _view(self, view_id: int) -> SavedView:
        with self.reading() as session:
            return saved_views.changeable(session, view_id, current_actor())


def _prepare(form: ViewForm) -> None:
    if not current_actor().may("view:share") and not form.shared.data:
        del form.shared


def _prepare_new(form: NewViewForm) -> None:
    """Whether another is replaced is asked once there is another."""
    _prepare(form)
    if request.method == "GET":
        del form.replace
