"""Parties: who pays and is paid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.event_types import PartyCreated
from webapp.domain.states import AccountKind
from webapp.errors import Conflict
from webapp.models import Account, Party
from webapp.services import accounts, audit, checks, events, lookup
from webapp.sql import insert_new


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


def create(session: Session, new: NewParty, *, at: datetime, actor: Actor) -> Party:
    """Add a party. Raises Conflict for a reference that is taken."""
    actor.require("party:write")
    ref = checks.require_text(new.ref, "ref", "Give the party's reference.", longest=80)
    name = checks.require_text(new.name, "name", "Give the party's name.", longest=200)
    for currency in new.currencies:
        checks.require_currency(currency)
    if new.country is not None:
        checks.require_country(new.country)
    values = {name: getattr(new, name) for name in ("email", "phone", "country")}
    values |= {"verified_at": at if new.verified else None, "created_at": at}
    row = insert_new(session, Party).values(ref=ref, name=name, **values).on_conflict_do_nothing()
    if session.execute(row.returning(Party.id)).one_or_none() is None:
        raise Conflict(f"There is a party {ref} already.", fields={"ref": "Taken."})
    party = by_ref(session, ref)
    if new.verified:
        for currency in new.currencies:
            accounts.open_account(session, AccountKind.WALLET, party.id, currency, at=at)
    audit.record(session, actor, "party.create", ("party", party.id), at=at, after={"ref": ref, "name": name})
    events.add(session, PartyCreated(), party.id, at=at)
    return party


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
