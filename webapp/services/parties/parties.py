"""Parties: who pays and is paid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.outbox.event_types import PartyCreated
from webapp.domain.states import UNSETTLED_PAYOUTS, AccountKind
from webapp.domain.words import phrase
from webapp.errors import Conflict, NotFound
from webapp.models import Account, Party, Payout
from webapp.services.audit import trail
from webapp.services.common import events, lookup, validation
from webapp.services.ledger import accounts
from webapp.sql import insert_new

_CHECKS = {
    "country": validation.require_country,
    "language": validation.require_language,
    "zone": validation.require_zone,
}


@dataclass(frozen=True, slots=True)
class NewParty:
    """A party to be; a verified one gets a wallet in each of its currencies."""

    ref: str
    name: str
    email: str | None = None
    phone: str | None = None
    verified: bool = True
    currencies: Sequence[str] = ()
    country: str | None = None
    language: str | None = None
    zone: str | None = None


def create(session: Session, new: NewParty, *, at: datetime, actor: Actor) -> Party:
    """Add a party. Raises Conflict for a reference that is taken."""
    actor.require("party:write")
    ref = validation.require_text(new.ref, "ref", phrase("Give the party's reference."), longest=80)
    name = validation.require_text(new.name, "name", phrase("Give the party's name."), longest=200)
    for currency in new.currencies:
        validation.require_currency(currency)
    for field, require in _CHECKS.items():
        if (value := getattr(new, field)) is not None:
            require(value)
    values = {name: getattr(new, name) for name in ("email", "phone", *_CHECKS)}
    values |= {"verified_at": at if new.verified else None, "created_at": at}
    row = insert_new(session, Party).values(ref=ref, name=name, **values).on_conflict_do_nothing()
    if session.execute(row.returning(Party.id)).one_or_none() is None:
        raise Conflict(phrase("There is a party %(ref)s already.", ref=ref), fields={"ref": "Taken."})
    party = by_ref(session, ref)
    if new.verified:
        for currency in new.currencies:
            accounts.open_account(session, AccountKind.WALLET, party.id, currency, at=at)
    trail.record(session, actor, "party.create", ("party", party.id), at=at, after={"ref": ref, "name": name})
    events.add(session, PartyCreated(), party.id, at=at)
    return party


def change(session: Session, party_id: int, given: Mapping[str, str | None], *, at: datetime, actor: Actor) -> Party:
    """Set its name, email, phone, country, language or zone; what is not given stays.

    Raises Conflict for another country while a payout of it is under way: the country says where its money goes.
    """
    actor.require("party:write")
    require_known(session, party_id)
    party = session.get_one(Party, party_id, with_for_update=True, populate_existing=True)
    if "name" in given:
        validation.require_text(given["name"], "name", phrase("Give the party's name."), longest=200)
    for field, require in _CHECKS.items():
        if (value := given.get(field)) is not None:
            require(value)
    if country := given.get("country"):
        _require_no_payout(session, party, country)
    before = {name: getattr(party, name) for name in given}
    if before == dict(given):
        return party
    for name, value in given.items():
        setattr(party, name, value)
    session.flush()
    trail.record(session, actor, "party.change", ("party", party_id), at=at, before=before, after=dict(given))
    return party


def require_known(session: Session, *party_ids: int) -> None:
    """Raise NotFound for a party that is not there, Conflict for one that is forgotten: nothing new is done with it.

    Shares the lock of its row, which forgetting takes for itself.
    """
    rows = select(Party.id, Party.ref, Party.forgotten_at).where(Party.id.in_(party_ids)).order_by(Party.id)
    found = {row.id: row for row in session.execute(rows.with_for_update(read=True, key_share=True))}
    for party_id in party_ids:
        if party_id not in found:
            raise NotFound(phrase("There is no party %(party_id)s.", party_id=party_id))
        if found[party_id].forgotten_at is not None:
            raise Conflict(phrase("Party %(ref)s is forgotten: nothing new is done with it.", ref=found[party_id].ref))


def _require_no_payout(session: Session, party: Party, country: str) -> None:
    if party.country in (None, country):
        return
    mine = select(Payout.ref).where(Payout.party_id == party.id, Payout.status.in_(UNSETTLED_PAYOUTS))
    ref = session.scalars(mine.order_by(Payout.id).limit(1)).one_or_none()
    if ref is not None:
        sentence = phrase(
            "Its country is %(country)s, and can't become %(wanted)s while payout %(ref)s is under way. Wait "
            "until it is settled, or cancel it.",
            country=party.country,
            wanted=country,
            ref=ref,
        )
        raise Conflict(sentence, fields={"country": sentence})


def get(session: Session, party_id: int) -> Party:
    """One party. Raises NotFound."""
    return lookup.by_id(session, Party, party_id, "party")


def by_ref(session: Session, ref: str) -> Party:
    """The party with this reference. Raises NotFound."""
    found: Party = lookup.by_ref(session, Party, ref, "party")
    return found


def balances(session: Session, party_id: int) -> list[Account]:
    """Every account of the party: wallets, pending earnings, debts."""
    mine = select(Account).where(Account.party_id == party_id)
    return list(session.scalars(mine.order_by(Account.currency, Account.kind)))
