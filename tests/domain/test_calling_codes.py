"""Telephone numbers as people type them."""

import pytest

from webapp.domain.calling_codes import written_numbers


@pytest.mark.parametrize("typed", ["0803 123", "0803-123", "803123"])
def test_a_number_without_its_country_may_be_of_any(typed: str) -> None:
    found = written_numbers(typed)
    assert {"+234803123", "+254803123"} <= set(found)


@pytest.mark.parametrize("typed", ["+234 803 123", "00234 (803) 123"])
def test_a_number_with_its_country_is_of_that_alone(typed: str) -> None:
    assert written_numbers(typed) == ["+234803123", "234803123"]


def test_the_plus_may_be_left_out() -> None:
    assert "+254712345" in written_numbers("254712345")


@pytest.mark.parametrize("typed", ["", "1234", "E-10271", "0803 123 x", "1" * 16, "٠٨٠٣١٢٣"])
def test_what_is_no_number_has_no_spelling(typed: str) -> None:
    assert written_numbers(typed) == []
