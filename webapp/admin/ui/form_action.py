"""A door: one deed behind one form. It shows the form, keeps values and errors, and turns a refusal into a message."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial, wraps
from typing import Any, TypeAlias

from flask import flash, redirect, request
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from webapp.admin.ui import submission_guard as once
from webapp.admin.ui.forms import DeskForm
from webapp.admin.ui.overtaken import overtaken
from webapp.admin.ui.reauthentication_form import with_reauthentication
from webapp.errors import Overtaken, Refusal
from webapp.security import kept_forms
from webapp.security.kept_forms import KeptForm
from webapp.security.reauthentication import reauthenticate

Done: TypeAlias = "str | tuple[str, str] | Response"
"""What a deed answers: the sentence to show, perhaps with the address to go to, or a page of its own."""


@dataclass(slots=True)
class ActionPage:
    """What the page of a door says around its form."""

    title: Any
    back: str
    summary: Any = ""
    """The effect in words: the object, the amount, the consequence."""
    verb: Any = field(default_factory=lambda: _l("Save"))
    danger: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    """What the fields start with."""
    facts: list[tuple[Any, Any]] = field(default_factory=list)
    prepare: Callable[[Any], None] | None = None
    """Called with the form before it is used: sets choices."""


@dataclass(frozen=True, slots=True)
class FormAction:
    """A deed's form and how its page is made."""

    form: type[DeskForm]
    asks: str
    shown_on: str | None
    template: str
    again: bool = False
    """Whether the password or the code is asked again, in the form's `secret`."""


def action(
    rule: str,
    *,
    permission: str,
    asks: str,
    form: type[DeskForm] = DeskForm,
    shown_on: str | None = None,
    template: str = "components/action_page.html",
    again: bool = False,
) -> Callable[[Callable[..., Done]], Any]:
    """Put a deed behind a form at `rule`.

    `asks` names the screen's method that returns Asked for the same arguments. With `shown_on`, errors are shown by
    that page of the screen, which gets the form as `forms={deed name: form}` and the refusal as `refusal`. With
    `again` the form also asks for the password or the code of who is signed in.
    """

    def wrap(deed: Callable[..., Done]) -> Any:
        way = FormAction(with_reauthentication(form) if again else form, asks, shown_on, template, again)

        @wraps(deed)
        def view(self: Any, **place: Any) -> Any:
            return _go(self, way, deed, place)

        view.desk_permission = permission  # type: ignore[attr-defined]
        view.desk_door = way  # type: ignore[attr-defined]
        view.desk_keeps = lambda: way.form(formdata=None, meta={"csrf": False}).keepable()  # type: ignore[attr-defined]
        view.desk_shows_again = partial(_show_stale, way)  # type: ignore[attr-defined]
        return expose(rule, ("GET", "POST"))(view)

    return wrap


def _go(screen: Any, way: FormAction, deed: Callable[..., Done], place: dict[str, Any]) -> Any:
    kept = kept_forms.taken()
    if kept is not None:
        flash(_("You were signed out before this was sent. Nothing was changed. Look at it and send it once more."))
        return _show_again(screen, way, place, kept)
    page: ActionPage = getattr(screen, way.asks)(**place)
    form = way.form(data=page.values)
    if page.prepare is not None:
        page.prepare(form)
    if request.method != "POST":
        return _show(screen, way, deed, place, page, form)
    if not form.validate():
        return _show(screen, way, deed, place, page, form), 422
    return _do(screen, way, deed, place, page, form)


def _show_stale(way: FormAction, screen: Any, kept: KeptForm, **place: Any) -> Any:
    """The form with what was written, for one that is too old to be believed: nothing is done."""
    flash(
        _(
            "This form is too old, or was opened before you signed in last. Nothing was changed. Look at it and send "
            "it once more."
        )
    )
    return _show_again(screen, way, place, kept)


def _show_again(screen: Any, way: FormAction, place: dict[str, Any], kept: KeptForm) -> Any:
    page: ActionPage = getattr(screen, way.asks)(**place)
    form = way.form(formdata=kept.formdata(), data=page.values)
    if page.prepare is not None:
        page.prepare(form)
    if kept.had_files:
        flash(_("A file can't be kept: choose it again."), "warning")
    return screen.render(way.template, action_page=page, form=form, refusal=None)


def _do(
    screen: Any, way: FormAction, deed: Callable[..., Done], place: dict[str, Any], page: ActionPage, form: DeskForm
) -> Any:
    once.remember_token(form.submission.data)
    try:
        if way.again:
            reauthenticate(form["secret"].data, field="secret")
        done = deed(screen, **place, form=form)
    except once.AlreadyDone as already:
        flash(already.detail, "info")
        return redirect(page.back, 303)
    except Overtaken as refusal:
        return overtaken(screen, page, place, refusal)
    except Refusal as refusal:
        form.add_errors(refusal)
        return _show(screen, way, deed, place, page, form, refusal), refusal.status
    if isinstance(done, Response):
        return done
    sentence, where = done if isinstance(done, tuple) else (done, page.back)
    flash(sentence, "success")
    return redirect(where, 303)


def _show(
    screen: Any,
    way: FormAction,
    deed: Callable[..., Done],
    place: dict[str, Any],
    page: ActionPage,
    form: DeskForm,
    refusal: Refusal | None = None,
) -> Any:
    if way.shown_on is not None and request.method == "POST":
        return getattr(screen, way.shown_on)(**place, forms={deed.__name__: form}, refusal=refusal)
    return screen.render(way.template, action_page=page, form=form, refusal=refusal)
