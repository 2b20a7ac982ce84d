"""Our side of a comparison of refunds with a provider: what went back of each payment, by us or taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from webapp.domain.states import PaymentStatus, RefundStatus
from webapp.models import Payment, Refund
from webapp.providers.protocols import ListedRefund
from webapp.services.escrows import taken_back
from webapp.sql import Rows


@dataclass(frozen=True, slots=True)
class Refunded:
    """What went back of one payment, as we know it; minor units."""

    payment_id: int
    reference: str
    currency: str
    taken_back: int
    refunds: tuple[int, ...] = ()
    """Our refunds that were not refused."""
    done: tuple[int, ...] = ()
    """Those of them that the provider has to have."""
    lost: Mapping[str, int] = field(default_factory=dict)
    covered: int = 0
    number: str | None = None
    """The provider's number of the payment."""

    @property
    def is_done(self) -> bool:
        """Whether none of our refunds is under way."""
        return len(self.done) == len(self.refunds)


def by_number(session: Session, provider: str, rows: Sequence[ListedRefund]) -> dict[str, Refunded]:
    """Those of our payments that listed refunds are of, by the payment's number there."""
    numbers = [row.payment for row in rows if row.payment]
    references = [row.reference for row in rows if row.reference]
    mine = or_(Payment.provider_id.in_(numbers), Payment.reference.in_(references))
    found = session.execute(_payments(provider).where(mine)).all()
    known = _refunded(session, found)
    by_reference = {row.reference: row.payment for row in rows if row.reference}
    return {row.provider_id or by_reference.get(row.reference, ""): known[row.id] for row in found}


def by_reference(session: Session, provider: str, references: Sequence[str]) -> dict[str, Refunded]:
    """Those of these payments that we know."""
    found = session.execute(_payments(provider).where(Payment.reference.in_(references))).all()
    return {each.reference: each for each in _refunded(session, found).values()}


def done(
    session: Session, provider: str, since: datetime, until: datetime, after: int, limit: int
) -> list[tuple[int, Refunded]]:
    """Refunds that were done in a time, after the id of the last one seen, each with its payment."""
    when = (Refund.settled_at >= since, Refund.settled_at < until, Refund.id > after)
    mine = (Refund.provider == provider, Refund.status == RefundStatus.PROCESSED)
    pairs = select(Refund.id, Refund.payment_id).where(*mine, *when).order_by(Refund.id).limit(limit)
    rows = session.execute(pairs).all()
    ids = [row.payment_id for row in rows]
    known = _refunded(session, session.execute(_payments(provider).where(Payment.id.in_(ids))).all())
    return [(row.id, known[row.payment_id]) for row in rows if row.payment_id in known]


def _payments(provider: str) -> Rows:
    columns = (
        Payment.id,
        Payment.reference,
        Payment.provider_id,
        Payment.currency,
        Payment.taken_back_amount,
    )
    came = Payment.status.in_((PaymentStatus.SUCCEEDED, PaymentStatus.NEEDS_REVIEW, PaymentStatus.FAILED))
    return select(*columns).where(Payment.provider == provider, Payment.reference.is_not(None), came)


def _refunded(session: Session, rows: Sequence[Any]) -> dict[int, Refunded]:
    around = taken_back.around(session, [row.id for row in rows])
    return {
        row.id: Refunded(
            row.id,
            row.reference,
            row.currency,
            row.taken_back_amount,
            number=row.provider_id,
            **_of(around.get(row.id, taken_back.NOTHING)),
        )
        for row in rows
    }


def _of(around: taken_back.Around) -> dict[str, Any]:
    return {"refunds": around.refunds, "done": around.processed, "lost": around.lost, "covered": around.covered}
