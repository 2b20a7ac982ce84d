"""Lists with their filters, saved by name: for one person, or shared with everybody who sees the list."""

import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.words import phrase
from webapp.errors import Invalid, NotFound
from webapp.models import SavedView, User
from webapp.services.audit import trail

MOST = 50
"""Views of a list that one person has, and views of it that are shared."""
_LIST = re.compile(r"[a-z][\w./-]{0,39}")


def is_list(screen: str) -> bool:
    """Whether views of this list can be kept: it is a path of ours without its first slash, and short."""
    return _LIST.fullmatch(screen) is not None


@dataclass(frozen=True, slots=True)
class ListView:
    """A view as its list shows it. `query` follows the question mark; `owner` has a name when it is another's."""

    id: int
    name: str
    query: str
    shared: bool
    owner: str | None
    may_change: bool


def of_list(session: Session, user_id: int, actor: Actor, screen: str) -> list[ListView]:
    """One's own views of a list and the shared ones, by name. `screen` is the list's path without its first slash."""
    seen = or_(SavedView.user_id == user_id, SavedView.shared)
    rows = session.execute(
        select(SavedView, User.name)
        .join(User, User.id == SavedView.user_id)
        .where(SavedView.screen == screen, seen)
        .order_by(SavedView.name, SavedView.id)
        .limit(2 * MOST)
    )
    return [
        ListView(
            id=view.id,
            name=view.name,
            query=view.query,
            shared=view.shared,
            owner=None if view.user_id == user_id else owner,
            may_change=view.user_id == user_id or actor.may("user:manage"),
        )
        for view, owner in rows
    ]


def save(
    session: Session,
    user_id: int,
    screen: str,
    name: str,
    query: str,
    *,
    at: datetime,
    actor: Actor,
    shared: bool = False,
    replace: bool = False,
) -> SavedView:
    """Keep a list's filters under a name; `replace` puts them, and `shared`, in the place of one's own of this name.

    Raises NotAllowed, and Invalid too for a name that one has when it is not replaced.

    Whatever was sent is kept as a query that can stand in an address.
    """
    if shared:
        actor.require("view:share")
    if not is_list(screen):
        raise Invalid(phrase("There is no such list."))
    mine = (SavedView.user_id == user_id, SavedView.screen == screen)
    view = session.scalars(select(SavedView).where(*mine, SavedView.name == name)).one_or_none()
    if view is not None and not replace:
        sentence = phrase("There is a view of this name. Choose another name, or replace it.")
        raise Invalid(sentence, fields={"name": sentence})
    before = None if view is None else _facts(view)
    if view is None:
        _require_room(session, *mine)
        view = SavedView(user_id=user_id, screen=screen, name=name, query="", shared=False)
    if shared and not view.shared:
        _require_room(session, SavedView.screen == screen, SavedView.shared)
    view.query, view.shared = urlencode(parse_qsl(query, keep_blank_values=True)), shared
    session.add(view)
    session.flush()
    trail.record(session, actor, "view.save", ("saved_view", view.id), at=at, before=before, after=_facts(view))
    return view


def change(session: Session, view_id: int, name: str, *, shared: bool, at: datetime, actor: Actor) -> SavedView:
    """Another name, or shared or not: by its owner, or a shared one by an administrator. Raises NotFound, Invalid."""
    view = changeable(session, view_id, actor)
    if shared and not view.shared:
        actor.require("view:share")
        _require_room(session, SavedView.screen == view.screen, SavedView.shared)
    same = (SavedView.user_id == view.user_id, SavedView.screen == view.screen, SavedView.name == name)
    if session.scalars(select(SavedView.id).where(*same, SavedView.id != view_id)).first() is not None:
        sentence = phrase("There is a view of this name already.")
        raise Invalid(sentence, fields={"name": sentence})
    before = _facts(view)
    view.name, view.shared = name, shared
    session.flush()
    trail.record(session, actor, "view.change", ("saved_view", view_id), at=at, before=before, after=_facts(view))
    return view


def remove(session: Session, view_id: int, *, at: datetime, actor: Actor) -> SavedView:
    """Forget a view: by its owner, or a shared one by an administrator. Raises NotFound."""
    view = changeable(session, view_id, actor)
    session.execute(delete(SavedView).where(SavedView.id == view_id))
    trail.record(session, actor, "view.remove", ("saved_view", view_id), at=at, before=_facts(view))
    return view


def changeable(session: Session, view_id: int, actor: Actor) -> SavedView:
    """A view that this actor may change. Raises NotFound for any other: nobody learns of what isn't theirs."""
    view = session.get(SavedView, view_id)
    own = view is not None and actor.kind == "user" and view.user_id == actor.id
    if view is None or not (own or (view.shared and actor.may("user:manage"))):
        raise NotFound(phrase("There is no such view of yours."))
    return view


def _require_room(session: Session, *which: object) -> None:
    some = select(SavedView.id).where(*which).limit(MOST).subquery()  # type: ignore[arg-type]
    if (session.scalar(select(func.count()).select_from(some)) or 0) >= MOST:
        raise Invalid(
            phrase("There are %(MOST)s saved views already. Remove one first.", MOST=MOST),
            fields={"name": phrase("Remove another first.")},
        )


def _facts(view: SavedView) -> dict[str, object]:
    return {"list": view.screen, "name": view.name, "query": view.query, "shared": view.shared}
