"""An action of a screen: one method behind one form, with its confirmation page.

It shows the form, keeps values and errors, does nothing twice, and turns a refusal into a message.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Protocol, TypeAlias, TypeVar

from flask import flash, redirect, request
from flask_admin import expose
from flask_babel import get_translations
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from webapp.admin.ui.actions import submission_guard
from webapp.admin.ui.actions.forms import DeskForm
from webapp.admin.ui.actions.overtaken import overtaken
from webapp.admin.ui.actions.reauthentication_form import with_reauthentication
from webapp.domain.words import spoken
from webapp.errors import Overtaken, Refusal
from webapp.security import kept_forms
from webapp.security.kept_forms import KeptForm
from webapp.security.reauthentication import reauthenticate

Done: TypeAlias = "str | tuple[str, str] | Response"
"""What an action answers: the sentence to show, perhaps with the address to go to, or a page of its own."""


@dataclass(slots=True)
class ActionPage:
    """What the confirmation page of an action says around its form."""

    title: Any
    back: str
    summary: Any = ""
    """The effect in words: the object, the amount, the consequence."""
    verb: Any = field(default_factory=lambda: _l("Save"))
    danger: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    """What the fields start with."""
    facts: list[tuple[Any, Any]] = field(default_factory=list)
    comes_first: list[Any] = field(default_factory=list)
    """Why it can't be done now, a sentence each: they stand in the place of the form."""
    prepare: Callable[[Any], None] | None = None
    """Called with the form before it is used: sets choices."""


Describe = TypeVar("Describe", bound=Callable[..., ActionPage])


class ActionView(Protocol):
    """A screen's method behind its form; `confirmation` decorates the method that describes it."""

    def __call__(self, screen: Any, **url_args: Any) -> Any:
        """Show the form, or do what it asks."""

    def confirmation(self, describe: Describe) -> Describe:
        """The method that returns the ActionPage, given the same arguments from the address as the action."""


def action(
    rule: str,
    *,
    permission: str,
    form: type[DeskForm] = DeskForm,
    shown_on: Callable[..., Any] | None = None,
    template: str = "components/action_page.html",
    reauthenticate: bool = False,
) -> Callable[[Callable[..., Done]], ActionView]:
    """Put a method behind a form at `rule`; its confirmation page is the method under `@<name>.confirmation`.

    With `shown_on`, errors are shown by that page of the screen, which gets the form as `forms={action name: form}`
    and the refusal as `refusal`. With `reauthenticate` the form also asks for the password or the code of who is
    signed in.
    """

    def wrap(run: Callable[..., Done]) -> Any:
        its_form = with_reauthentication(form) if reauthenticate else form
        act = FormAction(run, its_form, shown_on, template, reauthenticate)

        @wraps(run)
        def view(self: Any, **url_args: Any) -> Any:
            return act.handle(self, url_args)

        view.confirmation = act.confirmation  # type: ignore[attr-defined]
        view.desk_permission = permission  # type: ignore[attr-defined]
        view.desk_keeps = act.fields_to_keep  # type: ignore[attr-defined]
        view.desk_shows_again = act.show_stale  # type: ignore[attr-defined]
        return expose(rule, ("GET", "POST"))(view)

    return wrap


@dataclass(slots=True)
class FormAction:
    """An action's method, its form and how its page is made."""

    run: Callable[..., Done]
    form: type[DeskForm]
    shown_on: Callable[..., Any] | None
    template: str
    reauthenticate: bool
    """Whether the password or the code is asked again, in the form's `secret`."""
    describe: Callable[..., ActionPage] | None = None

    def confirmation(self, describe: Describe) -> Describe:
        """Take this method as the one that describes the action."""
        self.describe = describe
        return describe

    def handle(self, screen: Any, url_args: dict[str, Any]) -> Any:
        """Show the form, show it again with its errors, or do what it asks."""
        kept = kept_forms.taken()
        if kept is not None:
            flash(_("You were signed out before this was sent. Nothing was changed. Look at it and send it once more."))
            return self._show_kept(screen, url_args, kept)
        page = self._page(screen, url_args)
        form = _prepared(self.form(data=page.values), page)
        if request.method != "POST":
            return self._show(screen, url_args, page, form)
        if not form.validate():
            return self._show(screen, url_args, page, form), 422
        return self._submit(screen, url_args, page, form)

    def show_stale(self, screen: Any, kept: KeptForm, **url_args: Any) -> Any:
        """The form with what was written, for one that is too old to be believed: nothing is done."""
        flash(
            _(
                "This form is too old, or was opened before you signed in last. Nothing was changed. Look at it and "
                "send it once more."
            )
        )
        return self._show_kept(screen, url_args, kept)

    def fields_to_keep(self) -> list[str]:
        """The names of the fields that are kept when who wrote them has to sign in first."""
        return self.form(formdata=None, meta={"csrf": False}).keepable()

    def _submit(self, screen: Any, url_args: dict[str, Any], page: ActionPage, form: DeskForm) -> Any:
        submission_guard.remember_token(form.submission.data)
        try:
            if self.reauthenticate:
                reauthenticate(form["secret"].data, field="secret")
            done = self.run(screen, **url_args, form=form)
        except submission_guard.AlreadyDone as already:
            flash(spoken(already.detail, get_translations()), "info")
            return redirect(page.back, 303)
        except Overtaken as refusal:
            return overtaken(screen, page, url_args, refusal)
        except Refusal as refusal:
            form.add_errors(refusal)
            return self._show(screen, url_args, page, form, refusal), refusal.status
        if isinstance(done, Response):
            return done
        sentence, where = done if isinstance(done, tuple) else (done, page.back)
        flash(sentence, "success")
        return redirect(where, 303)

    def _show(
        self,
        screen: Any,
        url_args: dict[str, Any],
        page: ActionPage,
        form: DeskForm,
        refusal: Refusal | None = None,
    ) -> Any:
        if self.shown_on is not None and request.method == "POST":
            return self.shown_on(screen, **url_args, forms={self.run.__name__: form}, refusal=refusal)
        return screen.render(self.template, action_page=page, form=form, refusal=refusal)

    def _show_kept(self, screen: Any, url_args: dict[str, Any], kept: KeptForm) -> Any:
        page = self._page(screen, url_args)
        form = _prepared(self.form(formdata=kept.formdata(), data=page.values), page)
        if kept.had_files:
            flash(_("A file can't be kept: choose it again."), "warning")
        return screen.render(self.template, action_page=page, form=form, refusal=None)

    def _page(self, screen: Any, url_args: dict[str, Any]) -> ActionPage:
        if self.describe is None:
            raise LookupError(
                f"{self.run.__qualname__} has no confirmation: put one under @{self.run.__name__}.confirmation"
            )
        return self.describe(screen, **url_args)


def _prepared(form: DeskForm, page: ActionPage) -> DeskForm:
    if page.prepare is not None:
        page.prepare(form)
    return form
