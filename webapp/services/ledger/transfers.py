"""Transfers to be: computed, shown with every balance after them, and written as they were computed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.state_labels import in_words
from webapp.domain.states import TransferKind
from webapp.domain.words import joined, phrase
from webapp.models import Account, Party
from webapp.services.ledger import accounts, posting
from webapp.services.ledger.accounts import Place
from webapp.sql import one_of


@dataclass(frozen=True, slots=True)
class Draft:
    """One balanced transfer to be: what goes into which account, in minor units.

    A side's account is its id, or a place where it is opened when the draft is written.
    """

    reference: str
    kind: TransferKind
    currency: str
    sides: Sequence[tuple[Place | int, int]]
    escrow_id: int | None = None
    hold_no: int | None = None
    is_disbursement: bool = False
    reverses_id: int | None = None


@dataclass(frozen=True, slots=True)
class Leg:
    """One entry to be: minor units, positive into the account; `account_id` is None for one still to be opened."""

    account_id: int | None
    label: str
    amount: int
    balance_after: int


def legs(session: Session, drafts: Sequence[Draft]) -> list[Leg]:
    """The entries that the drafts would make, in order, each with the balance after it."""
    sides = [(place, amount) for draft in drafts for place, amount in draft.sides if amount]
    ids = {place: _found(session, place) for place, _ in sides}
    known = _known(session, [number for number in ids.values() if number is not None])
    waiting: dict[int, int] = session.info.get("pools", {})
    balances: dict[Place | int, int] = {}
    made = []
    for place, amount in sides:
        number = ids[place]
        account = place if number is None else number  # one account may be named both ways
        before = balances.get(account, _balance(known, number) + waiting.get(number or 0, 0))
        balances[account] = before + amount
        made.append(Leg(number, _label(session, place, known.get(number)), amount, before + amount))
    return made


def write(session: Session, drafts: Sequence[Draft], *, at: datetime) -> None:
    """Post the drafts, and open the accounts that are not there yet."""
    for draft in drafts:
        sides = [(_opened(session, place, at), amount) for place, amount in draft.sides if amount]
        posting.post(
            session,
            reference=draft.reference,
            kind=draft.kind,
            currency=draft.currency,
            legs=sides,
            at=at,
            escrow_id=draft.escrow_id,
            hold_no=draft.hold_no,
            is_disbursement=draft.is_disbursement,
            reverses_id=draft.reverses_id,
        )


def _found(session: Session, place: Place | int) -> int | None:
    return place if isinstance(place, int) else accounts.found(session, place)


def _opened(session: Session, place: Place | int, at: datetime) -> int:
    return place if isinstance(place, int) else accounts.opened(session, place, at=at)


def _known(session: Session, ids: Sequence[int]) -> dict[int | None, Any]:
    rows = session.execute(
        select(Account.id, Account.kind, Account.owner, Account.balance, Party.name)
        .outerjoin(Party, Party.id == Account.party_id)
        .where(one_of(session, Account.id, ids))
    )
    return {row.id: row for row in rows}


def _balance(known: dict[int | None, Any], number: int | None) -> int:
    return known[number].balance if number in known else 0


def _label(session: Session, place: Place | int, row: Any) -> str:
    if row is not None:
        if row.name:
            return phrase("%(kind)s of %(name)s", kind=in_words(row.kind), name=row.name)
        return joined(in_words(row.kind), row.owner)
    assert isinstance(place, Place)
    if place.party_id is None:
        return joined(in_words(place.kind), place.owner, phrase("(new)"))
    return phrase(
        "%(kind)s of %(name)s (new)", kind=in_words(place.kind), name=session.get_one(Party, place.party_id).name
    )
