"""A screen of the desk: it reads rows, calls one service, and says what happened."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ClassVar, TypeVar

from flask import Response, make_response, request, url_for
from flask_admin import Admin, BaseView, expose
from flask_admin.blueprints import _BlueprintWithHostSupport as AdminBlueprint
from sqlalchemy.orm import Session

from webapp.admin.ui.actions.submission_guard import consume_token
from webapp.admin.ui.lists.listing_state import FROM_LIST, query_of
from webapp.security.access import OF_ITS_SCREEN, SIGNED_IN, for_scripts
from webapp.security.context import current_principal, note_saved, runtime

View = TypeVar("View", bound=Callable[..., Any])


def page(rule: str = "/", *, permission: str = OF_ITS_SCREEN) -> Callable[[View], View]:
    """A view to read: GET only. Its permission is its screen's, unless it names its own."""

    def declare(view: View) -> View:
        view.desk_permission = permission  # type: ignore[attr-defined]
        return expose(rule, ("GET",))(view)

    return declare


def script_page(rule: str, *, permission: str = OF_ITS_SCREEN) -> Callable[[View], View]:
    """A view that the script of a page asks with what its form holds, by POST; answers and refusals are JSON."""

    def declare(view: View) -> View:
        view.desk_permission = permission  # type: ignore[attr-defined]
        return expose(rule, ("POST",))(for_scripts(view))

    return declare


class Screen(BaseView):
    """The base of every screen. `slug` is its address and its endpoint."""

    slug: ClassVar[str]
    title: ClassVar[Any]
    permission: ClassVar[str]
    group: ClassVar[str] = ""
    """The part of the menu it stands in: `work`, `money`, `operations`, `record` or `desk`."""
    icon: ClassVar[str] = "dot"
    order: ClassVar[int] = 50
    """Its order within the group, smallest first."""
    in_menu: ClassVar[bool] = True
    keeps_drafts: ClassVar[bool] = False
    """Whether what is typed into its forms is kept in the browser until it is sent; never where secrets are typed."""
    address: ClassVar[str | None] = None

    def __init__(self) -> None:
        super().__init__(
            name=self.title,
            category=self.group or None,
            endpoint=self.slug,
            url=self.address or f"/{self.slug}",
            menu_icon_value=self.icon,
        )

    def shown_once(self, title: str, intro: str, secret: str, back: str) -> Response:
        """A page with a secret that is never shown again: it answers the form itself, for it can't be redirected."""
        return make_response(
            self.render("components/shown_once.html", heading=title, intro=intro, secrets=[secret], back=back)
        )

    def at(self, view: str = "index", **arguments: Any) -> str:
        """The address of one of this screen's views; that of a thing keeps the list that it was opened from."""
        came_from = request.args.get(FROM_LIST)
        if came_from and arguments and view != "index":
            arguments.setdefault(FROM_LIST, came_from)
        return url_for(f"{self.slug}.{view}", **arguments)

    def back_to_list(self) -> str:
        """The address of this screen's list, as it was when the page was opened from it."""
        return self.at() + query_of(request.args.get(FROM_LIST, ""))

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """The one transaction of an action; a form that was sent twice is done once."""
        with runtime().db.transaction() as session:
            consume_token(session)
            yield session
        note_saved()

    def reading(self) -> AbstractContextManager[Session]:
        """A snapshot to read from."""
        return runtime().db.reading()

    def reading_to_export(self) -> Callable[[], AbstractContextManager[Session]]:
        """How to open snapshots for a file: a standby may be read, which has all that was done until now."""
        return runtime().replica.reading_from_now()

    def is_accessible(self) -> bool:
        """Whether the menu shows this screen to who is asking."""
        principal = current_principal()
        return principal is not None and (self.permission == SIGNED_IN or principal.actor.may(self.permission))

    def is_visible(self) -> bool:
        """Whether it has a place in the menu."""
        return self.in_menu

    def create_blueprint(self, admin: Admin) -> AdminBlueprint:
        """As Flask-Admin does, without a folder of its files."""
        self.static_url_path = "/static"
        return super().create_blueprint(admin)

    def _handle_view(self, name: str, **kwargs: Any) -> None:
        """Access control has checked the permission of the very view already."""

    def _run_view(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run the view; a TypeError of its own stays loud."""
        return fn(self, *args, **kwargs)
