"""A chargeback from its opening to its end: what a provider's answer means after what was known. Pure.

    none → open → won | lost | accepted

Any answer may follow any other: banks change their minds, and words come late, twice and out of order. Only the last
answer counts, so an order of events cannot matter; `step` says whether it is news, and what is to be done.
"""

from dataclasses import dataclass

from webapp.domain.money.money import Money
from webapp.domain.states import ChargebackStatus
from webapp.domain.words import message, phrase


@dataclass(frozen=True, slots=True)
class Step:
    """What follows from an answer."""

    is_news: bool
    is_open: bool
    """Nothing of the money may leave, and somebody is called; otherwise both end."""


def step(before: str | None, now: ChargebackStatus) -> Step:
    """From what was known (None at first) to what is so now."""
    return Step(before != now, now == ChargebackStatus.OPEN)


def ended(status: ChargebackStatus, *, went_back: bool, is_refunded: bool) -> ChargebackStatus:
    """How it stands, where the provider has the money no more: the bank has it, unless we gave it back ourselves."""
    doubtful = status in (ChargebackStatus.OPEN, ChargebackStatus.WON)
    return ChargebackStatus.LOST if doubtful and went_back and not is_refunded else status


_WORDS = {
    ChargebackStatus.OPEN: message(
        "The payer's bank wants %(amount)s back: chargeback %(number)s at %(provider)s is open."
    ),
    ChargebackStatus.WON: message("We won chargeback %(number)s at %(provider)s over %(amount)s: it cost us nothing."),
    ChargebackStatus.LOST: message(
        "We lost chargeback %(number)s at %(provider)s: it cost %(amount)s, which the payer has back."
    ),
    ChargebackStatus.ACCEPTED: message(
        "Chargeback %(number)s at %(provider)s was accepted: the payer has %(amount)s back."
    ),
}


_WON_AFTER_ALL = message(
    "We won chargeback %(number)s at %(provider)s after all: the payer's bank had taken %(amount)s, and gives "
    "that back."
)


def in_words(provider: str, number: str, status: ChargebackStatus, amount: Money, *, had_taken: bool = False) -> str:
    """Who won, and what it cost. `had_taken` says that the bank had the money before we won."""
    words = _WON_AFTER_ALL if had_taken and status == ChargebackStatus.WON else _WORDS[status]
    return phrase(words, provider=provider, number=number, amount=amount)
