"""Whose answer counts when another process has taken the row over."""

import pytest

from webapp.domain.providers.fencing import Claim, counts
from webapp.domain.providers.provider_results import NoResponse, ProviderResponse, ProviderResult, ProviderStatus

MINE, NOW = Claim("sending", 1), Claim("sending", 2)
SILENCE = NoResponse("It did not answer.")


@pytest.mark.parametrize("word", [SILENCE, *(ProviderResponse("pay-1", status) for status in ProviderStatus)])
def test_what_a_provider_says_counts_whoever_asked_and_what_a_call_met_only_while_it_is_ours(
    word: ProviderResult,
) -> None:
    is_its_truth = isinstance(word, ProviderResponse) and word.status is not ProviderStatus.ABSENT
    assert counts(word, None, NOW)
    assert counts(word, NOW, Claim("sending", 2))
    assert counts(word, MINE, NOW) == counts(word, Claim("pending", 2), NOW) == is_its_truth
