"""The figures of a report: kept, answered by the API, and written into its files. Amounts in minor units."""

from datetime import date

from pydantic import BaseModel, ConfigDict

from webapp.services.escrows.figures import AGES


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MovedMoney(_Frozen):
    """What was newly held, released (fees included) and refunded in a period, and the fees less those given back."""

    held: int = 0
    released: int = 0
    refunded: int = 0
    fees: int = 0


class CurrencyFigures(_Frozen):
    """One currency: what was held when the period began and ended, what moved in it, and in the period before."""

    currency: str
    held_at_start: int
    held_at_end: int
    moved: MovedMoney
    before: MovedMoney


class HeldDayFigures(_Frozen):
    """One currency on one UTC day: what moved, and what was held at its end."""

    day: date
    currency: str
    held: int
    released: int
    refunded: int
    held_at_end: int


class AgeFigures(_Frozen):
    """What was held at the period's end in one currency, by how long ago it was held: one place for each of `ages`."""

    currency: str
    counts: list[int]
    amounts: list[int]


class OutcomeFigures(_Frozen):
    """Disputes that ended in the same way, and how long they had been open."""

    outcome: str
    count: int
    average_seconds: int
    longest_seconds: int


class DisputeFigures(_Frozen):
    """Disputes of the period, and of the one before."""

    opened: dict[str, int]
    """By kind."""
    decided: list[OutcomeFigures]
    open_at_end: int
    opened_before: int
    decided_before: int


class JobFigures(_Frozen):
    """One job: its runs by how they ended, slots without a run, and the longest time without one that counts."""

    job: str
    runs: dict[str, int]
    missed_slots: int
    longest_silence_seconds: int


class AlertFigures(_Frozen):
    """What one rule fired in the period, and how long that lasted, as far as the period goes."""

    rule: str
    fired: int
    open_at_end: int
    total_seconds: int
    longest_seconds: int


class ReconciliationFigures(_Frozen):
    """Comparisons with one other book, and on what the two differed."""

    source: str
    comparisons: int
    unfinished: int
    compared: int
    matched: int
    found: int
    settled: int
    open_at_end: int


class ChainFigures(_Frozen):
    """The head of an audit chain when the report was made."""

    chain: str
    seals: int
    hash: str


class ReportFigures(_Frozen):
    """Everything that a report says."""

    first_day: date
    last_day: date
    before_first_day: date
    before_last_day: date
    ages: list[int] = list(AGES)
    """The bounds of the ages in days; the last group is older than all of them."""
    currencies: list[CurrencyFigures]
    days: list[HeldDayFigures]
    ageing: list[AgeFigures]
    disputes: DisputeFigures
    jobs: list[JobFigures]
    alerts: list[AlertFigures]
    reconciliation: list[ReconciliationFigures]
    audit: list[ChainFigures]
