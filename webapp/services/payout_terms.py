"""What a person reads before a payout is sent by hand: amount, date and account. Only that is sent."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.money import Money
from webapp.models import PayoutDestination, PayoutSchedule
from webapp.services import payout_destinations


@dataclass(frozen=True, slots=True)
class Terms:
    """What a schedule would pay now, and where to."""

    amount: Money
    due_at: datetime
    destination: PayoutDestination | None

    @property
    def stamp(self) -> str:
        """The same for the same terms: it travels with a form, and with the run."""
        return stamp(self.amount, self.due_at, self.destination.id if self.destination else None)

    @property
    def account(self) -> str:
        """The account, its number masked."""
        return payout_destinations.masked(self.destination) if self.destination else "no account"


def of(session: Session, schedule: PayoutSchedule) -> Terms:
    """What a schedule would pay now."""
    in_use = {each.currency: each for each in payout_destinations.in_use(session, schedule.party_id)}
    amount = Money(schedule.amount, schedule.currency)
    return Terms(amount, schedule.due_at, in_use.get(schedule.currency))


def stamp(amount: Money, due_at: datetime, destination_id: int | None) -> str:
    """Terms as one text."""
    return f"{amount.amount} {amount.currency} {clock.iso(due_at)} {destination_id or 'none'}"


def hindrance(terms: Terms, at: datetime) -> str:
    """Why nothing can be sent now for want of an account; empty when it can."""
    if terms.destination is None:
        return f"There is no account to pay {terms.amount.currency} to: set the party's payout destination first."
    if payout_destinations.waits(terms.destination, at) and terms.destination.effective_at is not None:
        until = f"{terms.destination.effective_at:%d %B %Y at %H:%M} UTC"
        return f"The account {terms.account} is new: nothing is paid to it before {until}, unless it is approved."
    return ""


def changed(ref: str, terms: Terms) -> str:
    """Why what was read is not sent."""
    return (
        f"Payout schedule {ref} is not what was shown any more: {terms.amount}, due {terms.due_at:%d %B %Y at %H:%M} "
        f"UTC, to {terms.account}. Nothing was sent. Look at it again."
    )
