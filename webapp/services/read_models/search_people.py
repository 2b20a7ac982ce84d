"""Finding people: parties by telephone and address, users of the desk by any part of their name."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from webapp.domain.calling_codes import written_numbers
from webapp.models import Party, User
from webapp.services.read_models.search_hit import EACH, Hit
from webapp.sql import begins_as_text

_SHORTEST = 3
"""Letters of a name that are looked for anywhere in it."""


def parties(session: Session, words: str) -> Iterator[Hit]:
    """Parties whose telephone begins like this, with or without its country, or whose address does."""
    numbers = written_numbers(words)
    ways = [begins_as_text(session, Party.phone, number) for number in numbers]
    if "@" in words:
        ways.append(begins_as_text(session, Party.email, words.lower()))
    for way in ways:
        query = select(Party.id, Party.name, Party.phone, Party.email).where(way).order_by(Party.id).limit(EACH)
        for number, name, phone, email in session.execute(query):
            note = (phone if numbers else email) or ""
            yield Hit("party", number, name, note, note in (*numbers, words))


def users(session: Session, words: str) -> Iterator[Hit]:
    """People of the desk, who are hundreds at most: by part of a name, or by the beginning of their address."""
    sought = words.lower()
    if len(sought) < _SHORTEST:
        return
    query = select(User.id, User.name, User.email).where(_called(sought)).order_by(User.name, User.id).limit(EACH)
    for number, name, email in session.execute(query):
        yield Hit("user", number, name, email, sought in (email, name.lower()))


def _called(sought: str) -> ColumnElement[bool]:
    return or_(func.lower(User.name).contains(sought, autoescape=True), User.email.startswith(sought, autoescape=True))
