"""What a bank's word means for a chargeback, whatever was known before."""

from itertools import product

import pytest

from webapp.domain.money.money import Money
from webapp.domain.payments.chargeback import Step, ended, in_words, step
from webapp.domain.states import ChargebackStatus

OPEN, WON, LOST, ACCEPTED = (
    ChargebackStatus.OPEN,
    ChargebackStatus.WON,
    ChargebackStatus.LOST,
    ChargebackStatus.ACCEPTED,
)


@pytest.mark.parametrize(("before", "now"), [*product([None, *ChargebackStatus], ChargebackStatus)])
def test_the_last_answer_counts_and_is_news_once(before: ChargebackStatus | None, now: ChargebackStatus) -> None:
    assert step(before, now) == Step(is_news=before is not now, is_open=now is OPEN)


@pytest.mark.parametrize(
    ("status", "went_back", "is_refunded", "so"),
    [
        (OPEN, True, False, LOST),
        (WON, True, False, LOST),
        (OPEN, False, False, OPEN),
        (WON, False, False, WON),
        (OPEN, True, True, OPEN),
        (WON, True, True, WON),
        (LOST, True, False, LOST),
        (ACCEPTED, True, False, ACCEPTED),
    ],
)
def test_money_that_is_gone_is_the_banks_unless_we_gave_it_back(
    status: ChargebackStatus, went_back: bool, is_refunded: bool, so: ChargebackStatus
) -> None:
    assert ended(status, went_back=went_back, is_refunded=is_refunded) is so


@pytest.mark.parametrize(
    ("status", "had_taken", "said"),
    [
        (OPEN, True, "The payer's bank wants NGN 40.00 back: chargeback D-1 at paystack is open."),
        (WON, False, "We won chargeback D-1 at paystack over NGN 40.00: it cost us nothing."),
        (
            WON,
            True,
            "We won chargeback D-1 at paystack after all: the payer's bank had taken NGN 40.00, and gives that back.",
        ),
        (LOST, True, "We lost chargeback D-1 at paystack: it cost NGN 40.00, which the payer has back."),
        (ACCEPTED, False, "Chargeback D-1 at paystack was accepted: the payer has NGN 40.00 back."),
    ],
)
def test_who_won_and_what_it_cost_is_said(status: ChargebackStatus, had_taken: bool, said: str) -> None:
    assert in_words("paystack", "D-1", status, Money(4_000, "NGN"), had_taken=had_taken) == said


def test_the_bank_is_not_said_to_have_taken_anything_unless_it_had() -> None:
    assert "cost us nothing" in in_words("paystack", "D-1", WON, Money(4_000, "NGN"))
