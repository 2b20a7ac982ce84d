"""What a person reads before a payout is sent by hand: amount, date and account. Only that is sent."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.instants import in_utc
from webapp.domain.money.money import Money
from webapp.domain.states import AccountKind
from webapp.domain.words import phrase
from webapp.models import Account, Party, Payout, PayoutDestination, PayoutSchedule
from webapp.services.common import kill_switch
from webapp.services.ledger import accounts
from webapp.services.payouts import destinations


@dataclass(frozen=True, slots=True)
class Terms:
    """What a schedule would pay now, and where to."""

    amount: Money
    due_at: datetime
    destination: PayoutDestination | None
    uncovered: str
    """Why the party's wallet does not pay it; empty when it does."""
    stopped: str
    """Why no money leaves at all; empty while it flows."""
    paid_already: str
    """Which payout of it was paid after all, and waits for a decision; empty without one."""

    @property
    def stamp(self) -> str:
        """The same for the same terms: it travels with a form, and with the run."""
        return stamp(self.amount, self.due_at, self.destination.id if self.destination else None)

    @property
    def account(self) -> str:
        """The account, its number masked."""
        return destinations.masked(self.destination) if self.destination else phrase("no account")


def of(session: Session, schedule: PayoutSchedule) -> Terms:
    """What a schedule would pay now."""
    in_use = {each.currency: each for each in destinations.in_use(session, schedule.party_id)}
    amount, party = Money(schedule.amount, schedule.currency), session.get_one(Party, schedule.party_id)
    wallet = accounts.find_account(session, AccountKind.WALLET, party.id, amount.currency)
    held = None if wallet is None else session.get_one(Account, wallet, populate_existing=True).balance
    lacks = uncovered(party.name, held, amount)
    twice = _paid_after_all(session, schedule)
    return Terms(
        amount, schedule.due_at, in_use.get(schedule.currency), lacks, kill_switch.disabled_reason(session), twice
    )


def _paid_after_all(session: Session, schedule: PayoutSchedule) -> str:
    mine = (Payout.schedule_id == schedule.id, Payout.paid_after_all_at.is_not(None))
    found = session.scalars(select(Payout.ref).where(*mine).limit(1)).first()
    return (
        phrase("Its payout %(found)s was paid after all: claw it back or write it off first.", found=found)
        if found
        else ""
    )


def uncovered(name: str, held: int | None, amount: Money) -> str:
    """Why a wallet, which holds so much when there is one, does not pay an amount; empty when it does."""
    if held is None:
        return phrase("%(name)s has no wallet in %(currency)s.", name=name, currency=amount.currency)
    if held < amount.amount:
        return phrase(
            "%(name)s's wallet holds %(amount)s, which does not cover %(wanted)s.",
            name=name,
            amount=Money(held, amount.currency),
            wanted=amount,
        )
    return ""


def stamp(amount: Money, due_at: datetime, destination_id: int | None) -> str:
    """Terms as one text."""
    return f"{amount.amount} {amount.currency} {clock.iso(due_at)} {destination_id or 'none'}"


def disabled_reason(terms: Terms, at: datetime) -> str:
    """Why nothing can be sent now: it would be refused with this. Empty when it can."""
    if terms.stopped:
        return terms.stopped
    if terms.paid_already:
        return terms.paid_already
    if terms.destination is None:
        return phrase(
            "There is no account to pay %(currency)s to: set the party's payout destination first.",
            currency=terms.amount.currency,
        )
    if destinations.waits(terms.destination, at) and terms.destination.effective_at is not None:
        until = in_utc(terms.destination.effective_at)
        return phrase(
            "The account %(account)s is new: nothing is paid to it before %(until)s, unless it is approved.",
            account=terms.account,
            until=until,
        )
    return terms.uncovered


def changed(ref: str, terms: Terms) -> str:
    """Why what was read is not sent."""
    return phrase(
        "Payout schedule %(ref)s is not what was shown any more: %(amount)s, due %(due_at)s, to %(account)s. "
        "Nothing was sent. Look at it again.",
        ref=ref,
        amount=terms.amount,
        due_at=in_utc(terms.due_at),
        account=terms.account,
    )
