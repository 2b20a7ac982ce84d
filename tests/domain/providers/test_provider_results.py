"""What the payer's own fee changes of an answer, and how much went back in all."""

from dataclasses import replace

from webapp.domain.providers.provider_results import ProviderResponse, ProviderStatus, ReturnedAmount

SEEN = ProviderResponse("pay-1", ProviderStatus.SUCCEEDED, 10_150, "NGN", requested=10_000)


def test_what_was_paid_above_what_was_asked_and_owed_is_the_fee() -> None:
    assert SEEN.without_payer_fee(10_000) == replace(SEEN, amount=10_000, payer_fee=150)
    one = replace(SEEN, amount=10_001)
    assert one.without_payer_fee(10_000) == replace(one, amount=10_000, payer_fee=1)


def test_nothing_else_is() -> None:
    for other in (
        replace(SEEN, requested=9_999),
        replace(SEEN, requested=None),
        replace(SEEN, amount=10_000, payer_fee=7),
        replace(SEEN, amount=9_999),
        replace(SEEN, amount=None),
    ):
        assert other.without_payer_fee(10_000) == other
    free = replace(SEEN, amount=None, requested=0)
    assert free.without_payer_fee(0) == free


def test_all_that_went_back_is_its_sum_or_not_known() -> None:
    assert SEEN.refunded_amount is None
    assert replace(SEEN, given_back=()).refunded_amount == 0
    assert replace(SEEN, given_back=(ReturnedAmount(3), ReturnedAmount(4))).refunded_amount == 7
