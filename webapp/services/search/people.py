"""Finding people: parties by telephone and address, users of the desk by any part of their name."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, and_, literal_column, not_, or_, select, union_all
from sqlalchemy.orm import Session

from webapp.domain.calling_codes import SHORTEST, DialledNumber, dialled, written_numbers
from webapp.models import Party, User
from webapp.models.party import PHONE_DIGITS, PHONE_END
from webapp.services.search.hits import EACH, Hit
from webapp.sql import begins_as_text

_SHORTEST = 3
"""Letters of a name that are looked for anywhere in it."""
_MOST_USERS = 2_000
"""The newest users, among whom a part of a name is looked for."""


def parties(session: Session, words: str) -> Iterator[Hit]:
    """Parties whose telephone begins or ends like this, with or without its country, or whose address begins so."""
    numbers = written_numbers(words)
    ways = [begins_as_text(session, Party.phone, number) for number in numbers]
    if (number := dialled(words)) is not None:
        ways.append(_ends(number))
    if "@" in words:
        ways.append(begins_as_text(session, Party.email, words.lower()))
    if not ways:
        return
    some = [select(select(Party.id).where(way).limit(EACH).subquery()) for way in ways]
    query = select(Party.id, Party.name, Party.phone, Party.email).where(Party.id.in_(union_all(*some)))
    for party, name, phone, email in session.execute(query.order_by(Party.id).limit(EACH)):
        note = (phone if numbers else email) or ""
        yield Hit("party", party, name, note, note in (*numbers, words))


def _ends(number: DialledNumber) -> ColumnElement[bool]:
    """By the index of last digits; without its country where it was kept so, and never with another one."""
    digits: ColumnElement[str] = literal_column(PHONE_DIGITS)
    has_end = literal_column(PHONE_END) == number.own[-SHORTEST:]
    if not number.code:
        return has_end & digits.endswith(number.own)
    is_national = not_(or_(digits.startswith("+"), digits.startswith("00")))
    return has_end & or_(digits.endswith(number.code + number.own), and_(digits.endswith(number.own), is_national))


def users(session: Session, words: str) -> Iterator[Hit]:
    """People of the desk, of whom there are hundreds: by part of a name, or by the beginning of their address."""
    sought = words.lower()
    if len(sought) < _SHORTEST:
        return
    newest = select(User.id, User.name, User.email).order_by(User.id.desc()).limit(_MOST_USERS).subquery()
    called = or_(newest.c.name.icontains(sought, autoescape=True), newest.c.email.startswith(sought, autoescape=True))
    for number, name, email in session.execute(select(newest).where(called).order_by(newest.c.name).limit(EACH)):
        yield Hit("user", number, name, email, sought in (email, name.lower()))
