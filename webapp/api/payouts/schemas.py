"""Payouts and their schedules as the API gives them."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.api.framework.schemas import Instant, Money, ResponseModel
from webapp.api.parties.schemas import PartyName, names
from webapp.models import Payout, PayoutDestination, PayoutSchedule
from webapp.sql import one_of

Made = TypeVar("Made", bound=ResponseModel)


class DestinationShape(ResponseModel):
    """A bank or mobile account that payouts go to. Its number is never told, only its ending."""

    id: int
    currency: str
    kind: str
    bank_code: str
    account_name: str
    account_ending: str
    account_reference: str | None
    created_at: Instant
    effective_at: Instant | None
    approved_by: str | None


class PayoutShape(ResponseModel):
    """One payout. `sending` means that nobody knows yet whether it was sent; `status_detail` is what its
    provider said last.

    Since `doubted_at` its provider may have it and does not show it; with `needs_person` somebody has to act there.
    Since `paid_after_all_at` its provider says that it was paid, although its money had come back to the wallet.
    With `is_unconfirmed` it counts as paid because two people said so; its provider has not said it yet.
    """

    id: int
    ref: str
    party: PartyName
    destination: DestinationShape
    schedule_id: int | None
    provider: str
    provider_id: str | None
    amount: Money
    status: str
    attempts: int
    status_detail: str | None
    created_at: Instant
    first_sent_at: Instant | None
    sent_at: Instant | None
    settled_at: Instant | None
    doubted_at: Instant | None
    paid_after_all_at: Instant | None
    needs_person: bool
    is_unconfirmed: bool
    version: int


class ScheduleShape(ResponseModel):
    """A payout that is due on a date, and what became of it."""

    id: int
    ref: str
    party: PartyName
    placement: str | None
    amount: Money
    due_at: Instant
    guarantee_completion_date: Instant | None
    status: str
    retry_count: int
    last_retry_at: Instant | None
    payout_id: int | None
    processed_at: Instant | None
    failure_reason: str | None
    created_at: Instant
    version: int


def destination_shape(found: PayoutDestination) -> DestinationShape:
    """A destination, masked."""
    return DestinationShape.model_validate(found)


def payout_shapes(session: Session, rows: Sequence[Payout]) -> dict[int, PayoutShape]:
    """Payouts by their number, their parties and destinations read in one query each."""
    wanted = one_of(session, PayoutDestination.id, sorted({row.destination_id for row in rows}))
    found = session.scalars(select(PayoutDestination).where(wanted))
    destinations = {each.id: destination_shape(each) for each in found}
    return _shapes(session, PayoutShape, rows, lambda row: {"destination": destinations[row.destination_id]})


def schedule_shapes(session: Session, rows: Sequence[PayoutSchedule]) -> dict[int, ScheduleShape]:
    """Schedules by their number, their parties read in one query."""
    return _shapes(session, ScheduleShape, rows)


def _shapes(
    session: Session,
    shape: type[Made],
    rows: Sequence[Payout] | Sequence[PayoutSchedule],
    more: Callable[[Any], dict[str, Any]] = lambda row: {},
) -> dict[int, Made]:
    parties = names(session, [row.party_id for row in rows])
    made = {}
    for row in rows:
        fields = {name: getattr(row, name) for name in shape.model_fields if hasattr(row, name)}
        amount = Money(amount=row.amount, currency=row.currency)
        made[row.id] = shape(**fields | {"amount": amount, "party": parties[row.party_id]} | more(row))
    return made
