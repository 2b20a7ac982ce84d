"""Sentences about the external ledger name sums as people write them, whatever it counts in."""

import pytest

from webapp.providers.blnk.provider import BlnkTransaction, There
from webapp.services.reconciliation import mirror_strangers

SENT = BlnkTransaction("escrow-8-1-hold", "NGN", 6_973_000, "a", "b", "hold")


@pytest.mark.parametrize(
    ("currency", "said"),
    [
        ("NGN", "NGN 42.00"),
        ("XOF", "XOF 4,200"),
        ("KWD", "KWD 4.200"),
        ("POINTS", "4200 of the smallest unit of POINTS"),
    ],
)
def test_a_strangers_movement_is_named_with_its_sum(currency: str, said: str) -> None:
    stranger = There(BlnkTransaction("stranger-1", currency, 4_200, "a", "b", ""), "APPLIED", "txn_1", "")
    assert (
        mirror_strangers.finding(stranger).detail == f"Blnk moved {said} under stranger-1, which the desk did not send."
    )


def test_what_differs_is_named_with_both_sums() -> None:
    there = There(BlnkTransaction("escrow-8-1-hold", "NGN", 6_973_001, "a", "b", "hold"), "APPLIED", "txn_1", "")
    assert there.difference_from(SENT) == (
        "Blnk has NGN 69,730.01 applied under escrow-8-1-hold, where NGN 69,730.00 was sent."
    )
