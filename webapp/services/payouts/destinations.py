"""Where payouts go: a party's bank or mobile account per currency, its number encrypted at rest.

A new one waits: nothing is paid in its currency until its time has come or a second person has approved it. The one
before is not paid to meanwhile, for either of the two may be a thief's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.actors import Actor
from webapp.domain.instants import in_utc
from webapp.domain.outbox.event_types import (
    PayoutDestinationApproved,
    PayoutDestinationChanged,
    PayoutDestinationRejected,
)
from webapp.domain.payouts import payout_accounts
from webapp.domain.words import phrase
from webapp.encryption import decrypt, encrypt
from webapp.errors import Conflict, Invalid, NotAllowed
from webapp.models import Party, PayoutDestination
from webapp.services.audit import trail
from webapp.services.common import events, lookup, validation
from webapp.services.parties import parties
from webapp.services.users import passkeys
from webapp.services.users.passkeys import PasskeyProof
from webapp.settings import Settings
from webapp.sql import lock

KIND = "payout_destination"
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class NewDestination:
    """An account to pay to."""

    currency: str
    kind: str
    bank_code: str
    account_number: str
    account_name: str
    account_reference: str = ""
    """Which account behind a Paybill or Till number is meant."""


def put(
    session: Session, party_id: int, new: NewDestination, *, at: datetime, actor: Actor, settings: Settings
) -> PayoutDestination:
    """Set where a party's payouts in one currency go, after the wait; the one before is retired. Payouts under way keep
    theirs. The party is told.
    """
    actor.require("party:write")
    parties.require_known(session, party_id)
    lock(session, Party, [party_id])
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
        account_encrypted=encrypt(number, settings.encryption_keys),
        account_ending=number[-_SHOWN:],
        account_reference=new.account_reference.strip() or None,
        created_at=at,
        created_by=actor.name,
        created_by_key=actor.person,
        effective_at=at + timedelta(hours=settings.payout_destination_wait_hours),
    )
    session.add(made)
    session.flush()
    details = _facts(made)
    trail.record(session, actor, "party.payout_destination", ("party", party_id), at=at, after=details)
    events.add(session, PayoutDestinationChanged(**details), party_id, at=at)
    return made


def require_undecided(session: Session, destination_id: int, *, at: datetime, actor: Actor) -> PayoutDestination:
    """The destination, when it waits and this actor may approve it. Raises otherwise."""
    actor.require("money:approve")
    if actor.kind != "user":
        raise NotAllowed(phrase("Only a person approves."))
    found = _waiting(session, destination_id, at)
    if found.created_by_key == actor.person:
        raise NotAllowed(phrase("You set this destination yourself: another person has to approve it."))
    return found


def approve(
    session: Session,
    destination_id: int,
    *,
    at: datetime,
    actor: Actor,
    settings: Settings,
    proof: PasskeyProof | None = None,
) -> PayoutDestination:
    """A second person lets a new destination be paid to at once. Raises Conflict when it doesn't wait.

    Where APPROVALS_NEED_PASSKEY is set, it takes the proof that a passkey signed for this very destination.
    """
    found = require_undecided(session, destination_id, at=at, actor=actor)
    passkey = passkeys.require_proof(proof, (KIND, destination_id), actor=actor, settings=settings)
    found.effective_at, found.approved_by = at, actor.name
    session.flush()
    subject, details = ("party", found.party_id), _facts(found)
    after = details if passkey is None else {**details, "passkey": passkey}
    trail.record(session, actor, "party.payout_destination_approve", subject, at=at, after=after)
    events.add(session, PayoutDestinationApproved(**details), found.party_id, at=at)
    return found


def reject(session: Session, destination_id: int, reason: str, *, at: datetime, actor: Actor) -> PayoutDestination:
    """Give up a new destination while it waits; the one before is used again. Raises Conflict when it doesn't wait."""
    actor.require("money:approve")
    why = validation.require_text(reason, "reason", phrase("Say why it is rejected."))
    found = _waiting(session, destination_id, at)
    found.retired_at = at
    session.flush()
    before = select(PayoutDestination).where(
        PayoutDestination.party_id == found.party_id,
        PayoutDestination.currency == found.currency,
        PayoutDestination.retired_at == found.created_at,
        PayoutDestination.id < found.id,
    )
    former = session.scalars(before.order_by(PayoutDestination.id.desc()).limit(1)).one_or_none()
    if former is not None:
        former.retired_at = None
        session.flush()
    subject, details = ("party", found.party_id), _facts(found)
    trail.record(session, actor, "party.payout_destination_reject", subject, at=at, reason=why, after=details)
    event = PayoutDestinationRejected(**details, used_again=former.account_ending if former else None)
    events.add(session, event, found.party_id, at=at)
    return found


def waits(destination: PayoutDestination, at: datetime) -> bool:
    """Whether nothing is paid to it yet."""
    return destination.effective_at is not None and destination.effective_at > at


def get(session: Session, destination_id: int) -> PayoutDestination:
    """One destination, in use or retired. Raises NotFound."""
    return lookup.by_id(session, PayoutDestination, destination_id, "payout destination")


def in_use(session: Session, party_id: int) -> list[PayoutDestination]:
    """A party's present destinations, by currency."""
    mine = (PayoutDestination.party_id == party_id, PayoutDestination.retired_at.is_(None))
    return list(session.scalars(select(PayoutDestination).where(*mine).order_by(PayoutDestination.currency)))


def waiting_in_words(name: str, currency: str, until: datetime) -> str:
    """Why nothing is paid to a new destination yet, and what ends the wait."""
    return phrase(
        "%(name)s's payout destination in %(currency)s is new: nothing is paid to it before %(until)s, unless "
        "a second person approves it on the party's page.",
        name=name,
        currency=currency,
        until=in_utc(until),
    )


def masked(destination: PayoutDestination) -> str:
    """The account in words, its number masked."""
    return phrase(
        "%(account_name)s, %(bank_code)s ···%(account_ending)s",
        account_name=destination.account_name,
        bank_code=destination.bank_code,
        account_ending=destination.account_ending,
    )


def number_of(destination: PayoutDestination, keys: Sequence[bytes]) -> str:
    """The account's number, for the provider only."""
    return decrypt(destination.account_encrypted, keys)


def remember_recipient(
    session: Session, destination_id: int, recipient: str, *, former: str | None, at: datetime, actor: Actor
) -> None:
    """Keep what the provider knows the account by; one that it did not know any more is made anew on record."""
    found = get(session, destination_id)
    found.recipient = recipient
    session.flush()
    if former is not None:
        before, after = {"recipient": former}, {"recipient": recipient}
        subject = ("party", found.party_id)
        trail.record(session, actor, "party.payout_recipient_renew", subject, at=at, before=before, after=after)


def _waiting(session: Session, destination_id: int, at: datetime) -> PayoutDestination:
    get(session, destination_id)
    found = session.get_one(PayoutDestination, destination_id, with_for_update=True, populate_existing=True)
    if found.retired_at is not None:
        raise Conflict(phrase("This destination is not in use any more."))
    if not waits(found, at):
        raise Conflict(phrase("This destination waits no more: payouts go there."))
    return found


def _facts(found: PayoutDestination) -> dict[str, Any]:
    return {
        "currency": found.currency,
        "kind": found.kind,
        "bank": found.bank_code,
        "ending": found.account_ending,
        "effective_at": clock.iso(found.effective_at) if found.effective_at else None,
    }


def _checked(new: NewDestination) -> str:
    validation.require_currency(new.currency)
    validation.require_text(new.bank_code, "bank_code", phrase("Give the bank's code."), longest=40)
    validation.require_text(new.account_name, "account_name", phrase("Give the name on the account."), longest=200)
    number = payout_accounts.plain_number(new.account_number)
    wrong = payout_accounts.problems(new.kind, new.currency, number, new.account_reference.strip())
    if wrong:
        raise Invalid(phrase("Nothing can be paid to this account."), fields=wrong)
    return number
