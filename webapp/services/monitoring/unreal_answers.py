"""Which providers answer from their test mode although nothing of their keys says so. Reads what is written down."""

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from webapp.domain.providers.provider_results import TEST_ANSWER
from webapp.domain.states import UNSETTLED_PAYOUTS, PaymentStatus
from webapp.domain.words import phrase
from webapp.models import Payment, Payout, Refund
from webapp.settings import Settings

TEST_MONEY = phrase("The provider says that this was paid with test money, which is none.")


def test_answers(session: Session, settings: Settings) -> dict[str, str]:
    """Which providers say of money that waits here that it is test money, and what to do about that."""
    if not settings.is_production:
        return {}
    payments = select(Payment.provider).where(
        Payment.status == PaymentStatus.NEEDS_REVIEW, Payment.status_detail == TEST_MONEY
    )
    payouts = select(Payout.provider).where(Payout.status.in_(UNSETTLED_PAYOUTS), Payout.status_detail == TEST_ANSWER)
    refunds = select(Refund.provider).where(Refund.next_try_at.is_not(None), Refund.status_detail == TEST_ANSWER)
    return {
        provider: phrase(
            "%(provider)s answers from its test mode although the key is not known to be a test key. None of "
            "that money is taken for real: what it concerns waits. Check which key is set, and ask the "
            "provider.",
            provider=provider,
        )
        for provider in session.scalars(union(payments, payouts, refunds))
    }
