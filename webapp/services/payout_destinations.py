"""Where payouts go: a party's bank or mobile account per currency, its number encrypted at rest."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.event_types import PayoutDestinationChanged
from webapp.errors import Invalid
from webapp.models import PayoutDestination
from webapp.sealing import opened, sealed
from webapp.services import audit, checks, events, lookup, parties

KINDS = ("nuban", "ghipss", "basa", "kepss", "mobile_money", "mobile_money_business")
"""Paystack's words for kinds of recipients."""
_NUMBER = re.compile(r"[0-9A-Za-z]{4,34}")
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class NewDestination:
    """An account to pay to."""

    currency: str
    kind: str
    bank_code: str
    account_number: str
    account_name: str


def put(
    session: Session, party_id: int, new: NewDestination, *, keys: Sequence[bytes], at: datetime, actor: Actor
) -> PayoutDestination:
    """Set where a party's payouts in one currency go; the one before is retired. Payouts under way keep theirs."""
    actor.require("party:write")
    parties.get(session, party_id)
    number = _checked(new)
    former = (
        PayoutDestination.party_id == party_id,
        PayoutDestination.currency == new.currency,
        PayoutDestination.retired_at.is_(None),
    )
    session.execute(update(PayoutDestination).where(*former).values(retired_at=at))
    made = PayoutDestination(
        party_id=party_id,
        currency=new.currency,
        kind=new.kind,
        bank_code=new.bank_code.strip(),
        account_name=new.account_name.strip(),
        account_sealed=sealed(number, keys),
        account_ending=number[-_SHOWN:],
        created_at=at,
        created_by=actor.name,
    )
    session.add(made)
    session.flush()
    said = {"currency": new.currency, "kind": new.kind, "bank": made.bank_code, "ending": made.account_ending}
    audit.record(session, actor, "party.payout_destination", ("party", party_id), at=at, after=said)
    told = PayoutDestinationChanged(
        currency=new.currency, kind=new.kind, bank=made.bank_code, ending=made.account_ending
    )
    events.add(session, told, party_id, at=at)
    return made


def get(session: Session, destination_id: int) -> PayoutDestination:
    """One destination, in use or retired. Raises NotFound."""
    return lookup.by_id(session, PayoutDestination, destination_id, "payout destination")


def in_use(session: Session, party_id: int) -> list[PayoutDestination]:
    """A party's present destinations, by currency."""
    mine = (PayoutDestination.party_id == party_id, PayoutDestination.retired_at.is_(None))
    return list(session.scalars(select(PayoutDestination).where(*mine).order_by(PayoutDestination.currency)))


def number_of(destination: PayoutDestination, keys: Sequence[bytes]) -> str:
    """The account's number, for the provider only."""
    return opened(destination.account_sealed, keys)


def remember_recipient(session: Session, destination_id: int, recipient: str) -> None:
    """Keep what the provider knows the account by."""
    changed = update(PayoutDestination).where(PayoutDestination.id == destination_id)
    session.execute(changed.values(recipient=recipient).execution_options(synchronize_session=False))


def _checked(new: NewDestination) -> str:
    checks.require_currency(new.currency)
    checks.require_text(new.bank_code, "bank_code", "Give the bank's code.", longest=40)
    checks.require_text(new.account_name, "account_name", "Give the name on the account.", longest=200)
    if new.kind not in KINDS:
        raise Invalid("That is no kind of account.", fields={"kind": f"One of {', '.join(KINDS)}."})
    number = new.account_number.replace(" ", "").replace("-", "")
    if not _NUMBER.fullmatch(number):
        said = "An account number has 4 to 34 letters and digits."
        raise Invalid(said, fields={"account_number": said})
    return number
