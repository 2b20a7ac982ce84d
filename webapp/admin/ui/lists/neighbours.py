"""The list that a page was opened from: it travels in the page's address, and says what comes before and after."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from webapp.admin.ui.lists.keyset import Order
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.lists.listing_state import ListState

_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The ids of the rows beside one row, None at either end."""

    before: int | None
    after: int | None


def list_args(text: str) -> dict[str, str]:
    """What the query of a list says, without the place in it; nothing for one that no list of ours has."""
    args = dict(parse_qsl(text.removeprefix("?")))
    if len(text) > _LONGEST or "\x00" in "".join(args.values()):
        return {}
    return {name: value for name, value in args.items() if name not in ("after", "before")}


def neighbours(
    session: Session, listing: Listing, args: dict[str, str], key: int, *conditions: Any
) -> Neighbours | None:
    """What stands before and after the row with this key in the list that `args` ask for; None when there is no row.

    The row itself may have left the list since, for it was decided: its place is where it would stand. Each side is
    one row of an index, as the pages of the list are.
    """
    state = ListState.of(listing, args)
    order = listing.order(state)
    place = listing.source(select(*order.parts)).where(listing.key == key)
    here = session.execute(place).one_or_none()
    if here is None:
        return None
    query = listing.query(state, *conditions)
    return Neighbours(
        _nearest(session, query, order, list(here), backwards=True),
        _nearest(session, query, order, list(here), backwards=False),
    )


def _nearest(session: Session, query: Select[Any], order: Order, place: list[Any], *, backwards: bool) -> int | None:
    beyond = order.beyond(query, place, backwards=backwards)
    found = session.execute(order.sorted(beyond, backwards=backwards).limit(1)).first()
    return None if found is None else int(found.key_)
