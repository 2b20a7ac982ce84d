"""The saved views of the list that a page shows, as links above it."""

from urllib.parse import urlencode

from flask import Flask, request, url_for

from webapp.admin.ui.lists.listing_state import ListState
from webapp.security.context import current_principal, runtime
from webapp.services.users import saved_views
from webapp.services.users.saved_views import ListView


def register_saved_views(app: Flask) -> None:
    """Give the templates of lists what they show of views."""
    app.jinja_env.globals["list_views"] = views
    app.jinja_env.globals["address_to_save_view"] = address_to_save


def views() -> list[ListView]:
    """The reader's views of this list, and those that others share; none for a token, which has no account."""
    principal = current_principal()
    if principal is None or principal.user is None:
        return []
    with runtime().db.reading() as session:
        return saved_views.of_list(session, principal.user.id, principal.actor, _this_list())


def address_to_save(state: ListState) -> str | None:
    """Where the list is kept as it is shown, from its first page on; None for a list of which no views are kept."""
    if not saved_views.is_list(_this_list()):
        return None
    return url_for("views.add") + "?" + urlencode({"screen": _this_list(), "query": state.link()[1:]})


def _this_list() -> str:
    return request.path.strip("/")
