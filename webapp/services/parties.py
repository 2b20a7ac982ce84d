"""Parties: who pays and is paid, and money that comes to and from their wallets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.event_types import PartyCreated, PartyDeposit, PartyOwe, PartyRepay
from webapp.domain.money import Money
from webapp.domain.states import AccountKind, TransferKind
from webapp.errors import Conflict, Invalid
from webapp.models import Account, Party, Transfer
from webapp.services import accounts, audit, checks, events, ledger, lookup
from webapp.services.stop import require_money_moves
from webapp.sql import insert_new, lock


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


def deposit(
    session: Session,
    party_id: int,
    amount: int,
    currency: str,
    *,
    reference: str,
    at: datetime,
    actor: Actor,
    source: str = "manual",
) -> int:
    """Money from outside into the party's wallet; returns the transfer's id. A repeated reference is a Conflict."""
    actor.require("party:write")
    checks.require_amount(amount, currency)
    get(session, party_id)
    wallet = accounts.open_account(session, AccountKind.WALLET, party_id, currency, at=at)
    outside = accounts.pool(session, AccountKind.CLEARING, currency, at=at, owner=source)
    legs = [(outside, -amount), (wallet, amount)]
    return _move(session, PartyDeposit, party_id, reference, TransferKind.DEPOSIT, currency, legs, at, actor)


def owe(
    session: Session, party_id: int, amount: int, currency: str, *, reference: str, at: datetime, actor: Actor
) -> int:
    """A debt the party brings along; returns the transfer's id. A repeated reference is a Conflict."""
    actor.require("party:write")
    checks.require_amount(amount, currency)
    get(session, party_id)
    debt = accounts.open_account(session, AccountKind.RECEIVABLE, party_id, currency, at=at)
    outside = accounts.pool(session, AccountKind.CLEARING, currency, at=at, owner="credit")
    legs = [(debt, -amount), (outside, amount)]
    return _move(session, PartyOwe, party_id, reference, TransferKind.CREDIT, currency, legs, at, actor)


def repay(
    session: Session, party_id: int, amount: int, currency: str, *, reference: str, at: datetime, actor: Actor
) -> int:
    """A repayment from the wallet; returns the transfer's id. Neither above the debt nor above the wallet."""
    actor.require("party:write")
    checks.require_amount(amount, currency)
    require_money_moves(session)
    wallet = accounts.find_account(session, AccountKind.WALLET, party_id, currency)
    debt = accounts.find_account(session, AccountKind.RECEIVABLE, party_id, currency)
    if wallet is None or debt is None:
        raise Conflict(f"{get(session, party_id).name} has no {'wallet' if debt else 'debt'} in {currency}.")
    lock(session, Account, [wallet, debt])
    held = ledger.balances(session, [wallet, debt])
    _require_covered(amount, currency, -held[debt], "debt")
    _require_covered(amount, currency, held[wallet], "wallet")
    legs = [(wallet, -amount), (debt, amount)]
    return _move(session, PartyRepay, party_id, reference, TransferKind.REPAYMENT, currency, legs, at, actor)


def _require_covered(amount: int, currency: str, most: int, what: str) -> None:
    if amount > most:
        sentence = f"The {what} is {Money(most, currency)}: that is the most that can be repaid."
        raise Invalid(sentence, fields={"amount": sentence})


def _move(
    session: Session,
    told: type[PartyDeposit] | type[PartyOwe] | type[PartyRepay],
    party_id: int,
    reference: str,
    kind: TransferKind,
    currency: str,
    legs: list[tuple[int, int]],
    at: datetime,
    actor: Actor,
) -> int:
    reference = checks.require_text(reference, "reference", "Give a reference.", longest=80)
    if session.scalars(select(Transfer.id).where(Transfer.reference == reference)).first() is not None:
        raise Conflict(f"There is a transfer {reference} already.", fields={"reference": "Taken."})
    made = ledger.post(session, reference=reference, kind=kind, currency=currency, legs=legs, at=at)
    amount = max(amount for _, amount in legs)
    said = {"reference": reference, "amount": amount, "currency": currency}
    audit.record(session, actor, told.type.removesuffix(".done"), ("party", party_id), at=at, after=said)
    events.add(session, told(reference=reference, amount=amount, currency=currency), party_id, at=at)
    return made
