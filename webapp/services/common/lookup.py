"""Finding one thing, or saying that it is not there."""

from typing import Any, TypeVar

from sqlalchemy import Select, or_, select, union_all
from sqlalchemy.orm import Session

from webapp.domain.words import phrase
from webapp.errors import NotFound, Overtaken
from webapp.models import Base, Party
from webapp.sql import begins

Found = TypeVar("Found", bound=Base)


NAMESAKES = 1000
"""Parties of one name that are looked at, and the newest ones among which a part of a name is looked for."""
_SHORTEST = 3
"""Characters of a part: fewer stand nearly everywhere."""


def parties_called(words: str) -> Select[int]:
    """The ids of the parties of this very reference or name; of all that have a part of theirs like it where none has.

    NAMESAKES at the most. What begins so is found by the indexes of both, what has it in the middle among the newest.
    """
    very = select(Party.id).where(or_(Party.ref == words, Party.name == words)).limit(NAMESAKES)
    newest = select(Party.id, Party.ref, Party.name).order_by(Party.id.desc()).limit(NAMESAKES).subquery()
    within = or_(*[column.icontains(words, autoescape=True) for column in (newest.c.ref, newest.c.name)])
    parts = [select(newest.c.id).where(within)] if len(words) >= _SHORTEST else []
    like = union_all(*parties_beginning(words), *parts).subquery()
    found = union_all(select(very.subquery()), select(like).where(~very.exists())).subquery()
    return select(found.c[0]).limit(NAMESAKES)


def parties_beginning(words: str) -> list[Select[int]]:
    """The ids of parties whose reference or name begins with these words, names also as they are usually written."""
    spellings = dict.fromkeys((words, words.title(), words.capitalize(), words.upper()))
    ways = [begins(Party.ref, words), *[begins(Party.name, spelling) for spelling in spellings]]
    return [select(select(Party.id).where(way).limit(NAMESAKES).subquery()) for way in ways]


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
