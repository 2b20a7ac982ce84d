"""Finding one thing, or saying that it is not there."""

from typing import Any, TypeVar

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from webapp.domain.words import phrase
from webapp.errors import NotFound, Overtaken
from webapp.models import Base, Party

Found = TypeVar("Found", bound=Base)


NAMESAKES = 1000
"""Parties of one name that are looked at."""


def parties_called(words: str) -> Select[int]:
    """The ids of the parties with this very reference or name, by the indexes of both."""
    return select(Party.id).where(or_(Party.ref == words, Party.name == words)).limit(NAMESAKES)


def by_id(session: Session, model: type[Found], key: int, kind: str) -> Found:
    """The row with this id, fresh from the database. Raises NotFound."""
    row = session.get(model, key, populate_existing=True)
    if row is None:
        raise NotFound(phrase("There is no %(kind)s %(key)s.", kind=phrase(kind), key=key))
    return row


def by_ref(session: Session, model: Any, ref: str, kind: str) -> Any:
    """The row with this reference. Raises NotFound."""
    row = session.scalars(select(model).where(model.ref == ref)).one_or_none()
    if row is None:
        raise NotFound(phrase("There is no %(kind)s %(ref)s.", kind=phrase(kind), ref=ref))
    return row


def require_version(row: Any, version: int, kind: str) -> None:
    """Raise Conflict when the row is not as the form saw it."""
    if row.version != version:
        raise Overtaken(
            phrase(
                "This %(kind)s changed since you opened it. Look at it again, then decide. Nothing was changed.",
                kind=phrase(kind),
            )
        )
