"""What an action done for many says afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RefusedItem:
    """One thing that was left as it was, and why, in a sentence."""

    id: int
    label: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Share:
    """What one party gets or gives, in minor units."""

    party_id: int
    currency: str
    amount: int


@dataclass(slots=True)
class Outcome:
    """How many were done, the minor units moved per currency, and the refused and the failed by name.

    What is `passed_on` is neither: a later step of the same run does it and counts it, so that one thing counts once.
    """

    subject_kind: str
    done: int = 0
    amounts: dict[str, int] = field(default_factory=dict)
    refused: list[RefusedItem] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)
    """Whose the amounts are, where a preview says so."""
    failed: list[RefusedItem] = field(default_factory=list)
    passed_on: int = 0
    other_amounts: dict[str, dict[str, int]] = field(default_factory=dict)
    """Sums that are not in `amounts`, or are a part of them: `came_back`, `debts_met`; minor units per currency."""
    parties: int | None = None
    """How many different parties `shares` were of, where somebody counted them: at most MOST_PARTIES + 1."""

    def note(self, what: str, currency: str, amount: int) -> None:
        """Add to one of the sums besides."""
        sums = self.other_amounts.setdefault(what, {})
        sums[currency] = sums.get(currency, 0) + amount


CAME_BACK, DEBTS_MET = "came_back", "debts_met"
MOST_PARTIES = 10_000
"""So many different parties are counted; one more stands for "over"."""


def added(sums: Mapping[str, Mapping[str, int]], more: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """Both, per sum and currency."""
    whole = {what: dict(amounts) for what, amounts in sums.items()}
    for what, amounts in more.items():
        known = whole.setdefault(what, {})
        for currency, amount in amounts.items():
            known[currency] = known.get(currency, 0) + amount
    return whole
