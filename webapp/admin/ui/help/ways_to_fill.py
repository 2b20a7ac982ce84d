"""Where an empty list leads: to the place where what it would show is made."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from flask import request, url_for
from flask_babel import lazy_gettext as _l

from webapp.admin.ui.help.page_help import EVERYWHERE, HELP

MayOpen = Callable[[str], bool]
"""Whether who is asking may open a view."""


class WayToFill(NamedTuple):
    """An address, and what its button says."""

    url: str
    verb: Any


_BY_API = ("docs", _l("Send it over the API"))
_WAYS: Mapping[str, tuple[tuple[str, Any], ...]] = {
    "disputes": (("escrows.index", _l("Open one from an escrow")),),
    "escrows": (("imports.add", _l("Import orders")), _BY_API),
    "imports": (("imports.add", _l("Import orders")),),
    "placements": (_BY_API,),
    "parties": (_BY_API,),
    "payments": (_BY_API,),
    "payouts": (("payout-schedules.add", _l("Plan a payout")), ("payout-schedules.index", _l("Payout schedules"))),
    "payout-schedules": (("payout-schedules.add", _l("Plan a payout")), _BY_API),
    "tenants": (_BY_API,),
    "products": (_BY_API,),
    "customers": (_BY_API,),
    "order-lines": (_BY_API,),
    "carts": (_BY_API,),
    "users": (("invitations.add", _l("Invite a colleague")),),
    "invitations": (("invitations.add", _l("Invite a colleague")),),
    "tokens": (("tokens.add", _l("Add a token")),),
    "webhooks": (("webhooks.add", _l("Add an endpoint")),),
    "notifications": (("webhooks.index", _l("Webhooks")),),
    "inbound-webhooks": (("providers.index", _l("Providers")),),
    "reconciliation": (("reconciliation.check", _l("Compare the books with the providers")),),
}
"""By the slug of the list's screen, the best first: views with what their button says."""
_READ = _l("Read how it comes here")


def way_to_fill(may_open: MayOpen) -> WayToFill:
    """The best way for who is asking to get what the list of this request would show; else where to read about it."""
    for view, verb in _WAYS.get(request.blueprint or "", ()):
        if may_open(view):
            return WayToFill(url_for(view), verb)
    return way_to_read()


def way_to(may_open: MayOpen, view: str, verb: Any, **arguments: Any) -> WayToFill:
    """The page where what an empty part of a page would show is made; for who may not open it, where to read of it."""
    return WayToFill(url_for(view, **arguments), verb) if may_open(view) else way_to_read()


def way_to_read() -> WayToFill:
    """Where to read about what this page shows."""
    return WayToFill(url_for("handbook.one", place=HELP.get(request.blueprint or "", EVERYWHERE).more), _READ)
