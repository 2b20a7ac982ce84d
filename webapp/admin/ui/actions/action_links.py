"""The actions a page shows: a button that leads to the form, or the reason why it is disabled."""

from typing import Any, NamedTuple

from flask_babel import gettext as _

from webapp.domain.permissions import ROLES
from webapp.security import current_actor


class ActionLink(NamedTuple):
    """One action of a page."""

    view: str
    verb: Any
    symbol: str
    disabled_reason: str
    """Empty when the reader may go in."""
    tone: str = ""
    address: str = ""
    """Where it is, when that is on another page."""


def action_link(
    view: str, verb: Any, symbol: str, permission: str, reason: str = "", tone: str = "", address: str = ""
) -> ActionLink:
    """The action of this view; disabled by the reason given, else by what the reader may not do."""
    disabled_reason = reason
    if not disabled_reason and not current_actor().may(permission):
        roles = ", ".join(role for role, allowed in ROLES.items() if permission in allowed)
        disabled_reason = _("Only these roles may do this: %(roles)s.", roles=roles)
    return ActionLink(view, verb, symbol, disabled_reason, tone, address)
