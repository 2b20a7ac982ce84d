"""Lists with their filters, saved by name for one person."""

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from webapp.domain.words import phrase
from webapp.errors import Invalid, NotFound
from webapp.models import SavedView

MOST = 50


def of_user(session: Session, user_id: int, screen: str) -> Sequence[SavedView]:
    """The views this person saved for a screen, by name."""
    mine = (SavedView.user_id == user_id, SavedView.screen == screen)
    return session.scalars(select(SavedView).where(*mine).order_by(SavedView.name).limit(MOST)).all()


def save(session: Session, user_id: int, screen: str, name: str, query: str) -> SavedView:
    """Keep a list's filters under a name; the same name again replaces it. Raises Invalid.

    Whatever was sent is kept as a query that can stand in an address.
    """
    views = {view.name: view for view in of_user(session, user_id, screen)}
    if name not in views and len(views) >= MOST:
        raise Invalid(
            phrase("There are %(MOST)s saved views already. Remove one first.", MOST=MOST),
            fields={"name": phrase("Remove another first.")},
        )
    view = views.get(name) or SavedView(user_id=user_id, screen=screen, name=name)
    view.query = urlencode(parse_qsl(query, keep_blank_values=True))
    session.add(view)
    return view


def remove(session: Session, user_id: int, view_id: int) -> str:
    """Forget a view of this person; its name is returned. Raises NotFound."""
    view = session.get(SavedView, view_id)
    if view is None or view.user_id != user_id:
        raise NotFound(phrase("There is no such view of yours."))
    session.execute(delete(SavedView).where(SavedView.id == view_id))
    return view.name
