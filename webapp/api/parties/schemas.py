"""Parties as the API gives them, and their names beside what they take part in."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.api.framework.schemas import Instant, ResponseModel
from webapp.errors import Invalid, NotFound
from webapp.models import Party
from webapp.services.parties import parties
from webapp.sql import one_of

Country = Annotated[str | None, Field(min_length=2, max_length=2, description="ISO 3166, two letters")]
Language = Annotated[
    str | None,
    Field(min_length=2, max_length=2, description="ISO 639-1, two letters. Letters are in it where the desk has it."),
]
Zone = Annotated[
    str | None,
    Field(max_length=40, description="IANA, of the times in letters; that of its country if left out."),
]


class PartyName(ResponseModel):
    """Who a party is."""

    id: int
    ref: str
    name: str


class PartyShape(PartyName):
    """A party."""

    email: str | None
    phone: str | None
    country: str | None
    language: str | None
    zone: str | None
    verified_at: Instant | None
    created_at: Instant
    forgotten_at: Instant | None
    """Since when its personal data are gone; nothing new is done with it."""


def names(session: Session, ids: Iterable[int]) -> dict[int, PartyName]:
    """The parties with these numbers, in one query."""
    wanted = one_of(session, Party.id, sorted(set(ids)))
    rows = session.execute(select(Party.id, Party.ref, Party.name).where(wanted))
    return {row.id: PartyName(id=row.id, ref=row.ref, name=row.name) for row in rows}


def id_of(session: Session, ref: str, field: str) -> int:
    """The number of the party with this reference. Raises Invalid that names the field."""
    try:
        return parties.by_ref(session, ref).id
    except NotFound as missing:
        raise Invalid(missing.detail, fields={field: missing.detail}) from None
