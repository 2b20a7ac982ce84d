"""The rows of a list that an action is for: those that are marked, or all that were found. The address says which."""

from typing import Any
from urllib.parse import urlencode

from flask import request
from sqlalchemy.orm import Session

from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.lists.listing_state import ListState
from webapp.domain.numbers import parse_whole

_MARKED, _EVERY = "ids", "all"


def marked_rows(session: Session, listing: Listing, most: int, *conditions: Any) -> tuple[list[int], bool]:
    """Their ids, in the list's order when all are meant, and whether there are more than `most`.

    Raises Invalid when all are meant and a filter can't be used.
    """
    if not request.args.get(_EVERY):
        ids = [number for typed in request.args.getlist(_MARKED) if (number := parse_whole(typed))]
        return ids[:most], len(ids) > most
    state = ListState.of(listing, list_args())
    state.require_usable()
    query = listing.query(state, *conditions).with_only_columns(listing.key, maintain_column_froms=True)
    ids = list(session.scalars(listing.order(state).sorted(query).limit(most + 1)))
    return ids[:most], len(ids) > most


def list_args() -> dict[str, str]:
    """What the address says of the list."""
    return {name: value for name, value in request.args.items() if name not in (_MARKED, _EVERY)}


def list_query() -> str:
    """The same as it stands in the list's own address; empty when there is nothing."""
    args = list_args()
    return "?" + urlencode(args) if args else ""
