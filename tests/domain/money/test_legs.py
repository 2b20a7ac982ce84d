"""Many-sided transfers as movements between two."""

import pytest

from webapp.domain.money.legs import movements, named


def test_every_unit_moves_once_and_in_a_fixed_order() -> None:
    assert movements({3: -100, 1: 60, 2: 40}) == [(3, 1, 60), (3, 2, 40)]
    assert movements({1: -30, 2: -70, 9: 100}) == [(1, 9, 30), (2, 9, 70)]
    assert movements({1: -50, 2: -50, 3: 70, 4: 30}) == [(1, 3, 50), (2, 3, 20), (2, 4, 30)]
    assert movements({}) == []


def test_legs_that_do_not_balance_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^the legs do not balance$"):
        movements({1: -5, 2: 4})


def test_nothing_moves_where_nothing_is_due_and_one_unit_does() -> None:
    assert movements({1: 0, 2: -1, 3: 1}) == [(2, 3, 1)]


def test_the_movements_of_a_transfer_are_numbered_when_they_are_several() -> None:
    assert named("escrow-1", 1) == ["escrow-1"]
    assert named("escrow-1", 3) == ["escrow-1#1", "escrow-1#2", "escrow-1#3"]
