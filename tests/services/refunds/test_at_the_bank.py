"""No refund besides what the payer's bank takes: the buyer would be paid twice."""

import pytest
from sqlalchemy.orm import Session

from tests.services.payments.test_payment_decisions import held_by_card
from tests.support.market import NOW, Market
from webapp.domain.states import ChargebackStatus
from webapp.errors import Conflict
from webapp.models import Chargeback
from webapp.runtime import Runtime
from webapp.services.refunds import refunds


@pytest.mark.parametrize("status", ChargebackStatus)
def test_no_refund_is_written_while_the_bank_wants_it_back(
    session: Session, runtime: Runtime, status: ChargebackStatus
) -> None:
    payment, _escrow = held_by_card(Market(session, runtime))
    bank = Chargeback(payment_id=payment.id, provider="paystack", number="D-1", status=status, amount=10_000)
    bank.currency, bank.created_at = "NGN", NOW
    session.add(bank)
    session.flush()
    if status is ChargebackStatus.OPEN:
        with pytest.raises(Conflict, match=r"Chargeback D-1 on payment .* is open at paystack"):
            refunds.require_none_yet(session, payment)
    else:
        refunds.require_none_yet(session, payment)
