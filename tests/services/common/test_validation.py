"""Amounts that an action may move."""

import pytest

from webapp.domain.money.money import LARGEST
from webapp.errors import Invalid
from webapp.services.common.validation import require_amount


@pytest.mark.parametrize("amount", [-1, 0, LARGEST + 1])
def test_an_amount_that_no_action_moves_is_refused_at_its_field(amount: int) -> None:
    with pytest.raises(Invalid) as refused:
        require_amount(amount, "NGN", "price")
    assert set(refused.value.fields) == {"price"}


@pytest.mark.parametrize("amount", [1, LARGEST])
def test_every_other_is_taken(amount: int) -> None:
    require_amount(amount, "NGN")
