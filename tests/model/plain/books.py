"""The ledger in plain Python: balances, and debts in the order in which they were made."""

from dataclasses import dataclass, field
from typing import Any

Account = tuple[str, str, str]
"""Kind, whose, and currency: a party's by its name, a provider's clearing by the provider's, a pool's by nobody's."""
Legs = dict[Account, int]


class Refused(Exception):
    """The desk has to refuse this, and nothing changes."""


@dataclass
class Debt:
    """A sum that a party owes; `source` when a reversal of what an escrow had paid made it, or a payout clawed back."""

    left: int
    source: Any = None


@dataclass
class Books:
    """Every balance, in minor units."""

    balances: dict[Account, int] = field(default_factory=dict)
    wallets: set[tuple[str, str]] = field(default_factory=set)
    debts: dict[tuple[str, str], list[Debt]] = field(default_factory=dict)

    def wallet(self, party: str, currency: str) -> int:
        return self.balances.get(("wallet", party, currency), 0)

    def owed(self, party: str, currency: str) -> int:
        return sum(debt.left for debt in self.debts.get((party, currency), []))

    def move(self, legs: Legs) -> Legs:
        """Post one transfer: it sums to zero, in one currency, and no wallet goes below zero."""
        assert sum(legs.values()) == 0, "the model's own transfer does not balance"
        assert len({account[2] for account in legs}) <= 1, "the model adds amounts of two currencies"
        for account, change in legs.items():
            self.balances[account] = self.balances.get(account, 0) + change
            if account[0] == "wallet":
                self.wallets.add(account[1:])
            if account[0] in ("wallet", "pending"):
                assert self.balances[account] >= 0, f"the model overdraws {account}"
        return legs

    def owing(self, legs: Legs) -> dict[str, int]:
        """What each party of a transfer owes now, right after it."""
        parties = {party for kind, party, _ in legs if kind == "receivable"}
        currency = next(iter(legs))[2]
        return {party: -self.balances.get(("receivable", party, currency), 0) for party in parties}

    def owe(self, party: str, currency: str, amount: int, source: Any = None) -> None:
        """A debt more; the entries are moved by the caller."""
        if amount:
            self.debts.setdefault((party, currency), []).append(Debt(amount, source))

    def repaid(self, party: str, currency: str, amount: int) -> None:
        """A repayment meets the oldest debt first."""
        for debt in self.debts.get((party, currency), []):
            part = min(debt.left, amount)
            debt.left, amount = debt.left - part, amount - part
        assert amount == 0, "the model repays more than is owed"

    def met(self, party: str, currency: str, amount: int, source: Any) -> int:
        """What of a payment by an escrow, or back from a payout, meets the debts that it left; returns how much."""
        total = 0
        for debt in self.debts.get((party, currency), []):
            if debt.source == source:
                part = min(debt.left, amount - total)
                debt.left, total = debt.left - part, total + part
        return total
