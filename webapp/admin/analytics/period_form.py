"""Which days a page is about, as its address says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta

from flask_babel import gettext as _

from webapp.domain.analytics.periods import LONGEST, Period, until
from webapp.domain.instants import parse_day

USUAL = 30
OFFERED = (7, 30, 90, 365)
"""Periods to choose by one click, in days until yesterday."""


@dataclass(frozen=True, slots=True)
class PeriodForm:
    """The period that is shown, what was typed, and what of it can't be used."""

    period: Period
    typed: dict[str, str]
    problems: dict[str, str]
    yesterday: date

    @classmethod
    def of(cls, args: Mapping[str, str], yesterday: date) -> "PeriodForm":
        """Read an address. What can't be used is said at its field, and the last 30 days are shown instead."""
        typed = {name: args.get(name, "").strip() for name in ("from", "to")}
        problems: dict[str, str] = {}
        days = {name: _day(name, text, problems) for name, text in typed.items() if text}
        last = days.get("to") or max(yesterday, days.get("from") or yesterday)
        first = days.get("from") or until(last, USUAL).first
        if not problems and first > last:
            problems["to"] = _("This is before the first day.")
        if not problems and (last - first) >= timedelta(days=LONGEST):
            problems["from"] = _("At most %(days)s days are shown at once.", days=LONGEST)
        period = until(yesterday, USUAL) if problems else Period(first, last)
        return cls(period, typed, problems, yesterday)

    @property
    def offered(self) -> list[tuple[int, dict[str, str], bool]]:
        """Lengths in days, how an address asks for them, and whether it is what is shown."""
        periods = [(days, until(self.yesterday, days)) for days in OFFERED]
        return [(days, asked(period), period == self.period) for days, period in periods]


def asked(period: Period) -> dict[str, str]:
    """How an address asks for a period."""
    return {"from": period.first.isoformat(), "to": period.last.isoformat()}


def _day(name: str, text: str, problems: dict[str, str]) -> date | None:
    try:
        return parse_day(text[:40], UTC).date()
    except ValueError as wrong:
        problems[name] = _("Write a day, such as 2026-03-01: %(wrong)s.", wrong=wrong)
        return None
