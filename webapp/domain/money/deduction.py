"""How much auto-deduct takes: one rule, on values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp.domain.money.money import Money
from webapp.domain.words import phrase


@dataclass(frozen=True, slots=True)
class DeductionRule:
    """What holds wherever a party's own is not set, and whose days count: by the settings."""

    zone: str
    percent: int = 30
    minimum_balances: Mapping[str, int] = field(default_factory=dict)
    """In minor units, by currency; none of a currency that is not named."""

    def percent_of(self, own: int | None) -> int:
        """The percent that a standing order takes."""
        return self.percent if own is None else own

    def minimum_balance_of(self, own: int | None, currency: str) -> int:
        """What it leaves in the wallet."""
        return self.minimum_balances.get(currency, 0) if own is None else own


@dataclass(frozen=True, slots=True)
class DebtPosition:
    """A party's standing order with its present figures, in minor units of one currency."""

    currency: str
    debt: int
    wallet: int
    percent: int
    daily_max: int | None
    minimum_balance: int
    repaid_today: int


def amount_to_take(position: DebtPosition) -> int | str:
    """The repayment, or the reason in a sentence why there is none.

    Percent of the debt, rounded up so that a debt of one unit is repaid; not above the debt, not above what is left
    of the daily maximum, and never taking the wallet below its minimum balance.
    """
    if position.wallet < position.minimum_balance:
        least = Money(position.minimum_balance, position.currency)
        return phrase(
            "The wallet holds %(amount)s, less than its minimum of %(least)s.",
            amount=Money(position.wallet, position.currency),
            least=least,
        )
    room = position.wallet - position.minimum_balance
    if room <= 0:
        return phrase("The wallet holds no more than its minimum balance.")
    share = -(-position.debt * position.percent // 100)
    left_today = share if position.daily_max is None else position.daily_max - position.repaid_today
    if left_today <= 0:
        return phrase("The daily maximum is used up.")
    return min(share, position.debt, left_today, room)
