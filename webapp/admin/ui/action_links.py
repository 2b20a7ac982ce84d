"""Deeds as a page offers them: a button that leads to the door, or the reason why the door is closed."""

from typing import Any, NamedTuple

from flask_babel import gettext as _

from webapp.domain.permissions import ROLES
from webapp.security import current_actor


class Offer(NamedTuple):
    """One deed of a page."""

    view: str
    verb: Any
    symbol: str
    why_not: str
    """Empty when the reader may go in."""
    tone: str = ""
    address: str = ""
    """Where it is, when that is on another page."""


def offer(
    view: str, verb: Any, symbol: str, permission: str, hindrance: str = "", tone: str = "", address: str = ""
) -> Offer:
    """The deed behind this view; closed by what hinders it, else by what the reader may not do."""
    why_not = hindrance
    if not why_not and not current_actor().may(permission):
        roles = ", ".join(role for role, allowed in ROLES.items() if permission in allowed)
        why_not = _("Only these roles may do this: %(roles)s.", roles=roles)
    return Offer(view, verb, symbol, why_not, tone, address)
