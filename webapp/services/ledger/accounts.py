"""Accounts: opening them once, and finding them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from webapp.domain.states import AccountKind
from webapp.models import Account
from webapp.sql import insert_new, labelled

_FLOORS = {AccountKind.WALLET: 0, AccountKind.PENDING: 0}
_CEILINGS = {AccountKind.RECEIVABLE: 0}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an account stands, whether it is opened yet or not: a party's, or the platform's or a provider's."""

    kind: AccountKind
    currency: str
    party_id: int | None = None
    owner: str = ""


def pool(session: Session, kind: AccountKind, currency: str, *, at: datetime, owner: str = "") -> int:
    """The id of a platform's or provider's account, opened when there is none yet."""
    return opened(session, Place(kind, currency, owner=owner), at=at)


def open_account(session: Session, kind: AccountKind, party_id: int, currency: str, *, at: datetime) -> int:
    """The id of a party's account, opened when there is none yet. A wallet's floor and a debt's ceiling are zero."""
    return opened(session, Place(kind, currency, party_id), at=at)


def find_account(session: Session, kind: AccountKind, party_id: int, currency: str) -> int | None:
    """The id of a party's account, if it has one."""
    return found(session, Place(kind, currency, party_id))


def held_currencies(session: Session) -> list[str]:
    """The currencies in which there is, or was, any money: those of the desk's own accounts, in their order."""
    own = select(Account.currency).where(Account.party_id.is_(None)).distinct()
    return list(session.scalars(own.order_by(Account.currency)))


_THERE = select(Account.id).where(
    Account.kind == bindparam("kind"),
    Account.owner == bindparam("owner"),
    Account.currency == bindparam("currency"),
)
_OF_PARTY = _THERE.where(Account.party_id == bindparam("party_id"))
_OF_NO_PARTY = _THERE.where(Account.party_id.is_(None))


def found(session: Session, place: Place) -> int | None:
    """The id of the account there, if it is opened."""
    asked = {"kind": place.kind, "owner": place.owner, "currency": place.currency}
    if place.party_id is None:
        return session.scalars(_OF_NO_PARTY, asked).one_or_none()
    return session.scalars(_OF_PARTY, asked | {"party_id": place.party_id}).one_or_none()


def opened(session: Session, place: Place, *, at: datetime) -> int:
    """The id of the account there, opened when there is none yet."""
    there = found(session, place)
    if there is not None:
        return there
    row = insert_new(session, Account).values(
        kind=place.kind,
        party_id=place.party_id,
        owner=place.owner,
        currency=place.currency,
        balance=0,
        floor=_FLOORS.get(place.kind),
        ceiling=_CEILINGS.get(place.kind),
        created_at=at,
    )
    session.execute(row.on_conflict_do_nothing())
    made = found(session, place)
    assert made is not None
    return made


def open_wallets(session: Session, owners: Any, *, at: datetime) -> list[int]:
    """Open the wallets that these owners, a SELECT of `party_id` and `currency`, lack; returns the ids of new ones.

    One that another opens meanwhile is left to it.
    """
    rows = owners.subquery()
    values = {
        "kind": str(AccountKind.WALLET),
        "party_id": rows.c.party_id,
        "owner": "",
        "currency": rows.c.currency,
        "balance": 0,
        "floor": _FLOORS[AccountKind.WALLET],
        "created_at": at,
    }
    # SQLite takes ON CONFLICT after a SELECT for a join, unless the SELECT has a WHERE.
    chosen = select(*labelled(Account, values)).where(rows.c.party_id > 0)
    opening = insert_new(session, Account).from_select(list(values), chosen).on_conflict_do_nothing()
    return list(session.scalars(opening.returning(Account.id)))
