"""What a reference from outside may be: the same whichever way it comes."""

import pytest

from webapp.domain import references
from webapp.domain.storefront.checks import ref_problem
from webapp.importers.csv_records import RowError
from webapp.importers.order_fields import reference

HIDDEN = ["\x00", "\n", "\x7f", "\xa0", "\xad", "\u200b", "\u202e", "\u2028", "\ufeff", "\ue000"]


@pytest.mark.parametrize("hidden", HIDDEN)
def test_nothing_in_a_reference_hides(hidden: str) -> None:
    ref = f"order{hidden}7"
    assert not references.can_be_shown(ref)
    assert ref_problem("ref", ref, references.LONGEST)
    with pytest.raises(RowError, match="has a character that can't be shown"):
        reference(ref, "order_ref")


@pytest.mark.parametrize("ref", ["order 7", "ORD/2026-0007", "Öl-7", "注文7", "طلب-7", "#7 (b)", "🧺7"])
def test_signs_of_every_language_are_taken(ref: str) -> None:
    assert references.can_be_shown(ref)
    assert ref_problem("ref", ref, references.LONGEST) is None
    assert reference(ref, "order_ref") == ref
