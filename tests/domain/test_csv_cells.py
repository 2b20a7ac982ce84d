"""Cells that no spreadsheet takes for a formula."""

import pytest

from webapp.domain.csv_cells import safe


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠A"])
def test_no_cell_is_taken_for_a_formula(text: str) -> None:
    assert safe(text) == f"'{text}"


def test_plain_text_and_numbers_are_left_alone() -> None:
    assert [safe(value) for value in ("Amina", "A=1", -5, None)] == ["Amina", "A=1", -5, None]
