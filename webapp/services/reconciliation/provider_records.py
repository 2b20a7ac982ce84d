"""Our side of a comparison with a provider: payments and payouts by reference, and those of a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, case, exists, func, select
from sqlalchemy.orm import Session

from webapp.domain.providers.provider_results import ProviderStatus
from webapp.domain.states import NOT_GIVEN_BACK, PaymentStatus, PayoutStatus
from webapp.models import Payment, Payout, Refund
from webapp.services.reconciliation import comparison
from webapp.services.reconciliation.comparison import InternalRecord

YOUNG = timedelta(hours=24)


@dataclass(frozen=True)
class ProviderRecords:
    """One of our tables, as a provider's list is compared with it."""

    kind: str
    model: Any
    reference: Any
    amount: Any
    currency: Any
    status: Any
    expected: Mapping[str, frozenset[ProviderStatus]]
    went: frozenset[str]
    """The statuses in which the provider has to know of it."""

    def by_reference(
        self, session: Session, provider: str, references: Sequence[str], at: datetime
    ) -> dict[str, InternalRecord]:
        """Those of these references that we know."""
        found = self._select(provider).where(self.reference.in_(references))
        return {row.reference: self._ours(row, at) for row in session.execute(found)}

    def page(
        self, session: Session, provider: str, since: datetime, until: datetime, after: int, limit: int, at: datetime
    ) -> list[InternalRecord]:
        """Those of a time that the provider has to know of, after the id of the last one seen."""
        made = self.model.created_at
        some = self._select(provider).where(self.model.id > after, made >= since, made < until)
        some = some.where(self.model.status.in_(self.went), self.reference.is_not(None))
        return [self._ours(row, at) for row in session.execute(some.order_by(self.model.id).limit(limit))]

    def _select(self, provider: str) -> Select[Any]:
        model = self.model
        columns = (self.reference.label("reference"), self.amount.label("amount"), self.currency.label("currency"))
        found = select(model.id, *columns, self.status.label("status"), model.created_at)
        return found.where(model.provider == provider)

    def _ours(self, row: Any, at: datetime) -> InternalRecord:
        young = at - row.created_at < YOUNG
        return InternalRecord(row.reference, row.amount, row.currency, row.status, young, (self.kind, row.id))


_COLLECTED = func.coalesce(Payment.provider_amount, Payment.amount)
_REFUNDED = (
    select(func.coalesce(func.sum(Refund.amount), 0))
    .where(Refund.payment_id == Payment.id, Refund.status.not_in(NOT_GIVEN_BACK))
    .scalar_subquery()
)
_GONE = Payment.taken_back_amount + _REFUNDED
_CAME_IN = (Payment.status == PaymentStatus.SUCCEEDED) | (Payment.taken_back_amount > 0)
_PAYMENT_STATUS = case(
    (
        (Payment.status == PaymentStatus.FAILED) & exists().where(Refund.payment_id == Payment.id),
        comparison.GIVEN_BACK,
    ),
    ((Payment.status == PaymentStatus.SUCCEEDED) & Payment.provider_id.is_(None), comparison.BY_HAND),
    (_CAME_IN & (_GONE >= _COLLECTED), comparison.GONE),
    (_CAME_IN & (_GONE > 0), comparison.PARTLY_GONE),
    else_=Payment.status,
)
PAYMENTS = ProviderRecords(
    "payment",
    Payment,
    Payment.reference,
    _COLLECTED,
    func.coalesce(Payment.provider_currency, Payment.currency),
    _PAYMENT_STATUS,
    comparison.PAYMENTS,
    frozenset({PaymentStatus.SUCCEEDED, PaymentStatus.NEEDS_REVIEW}),
)
PAYOUTS = ProviderRecords(
    "payout",
    Payout,
    Payout.ref,
    Payout.amount,
    Payout.currency,
    Payout.status,
    comparison.PAYOUTS,
    frozenset({PayoutStatus.SUCCEEDED, PayoutStatus.REVERSED, PayoutStatus.SENT}),
)
