"""A cron expression in the words of the library that plans it, so that both mean the same."""

import re
from datetime import UTC, datetime
from functools import lru_cache

from cronsim import CronSim, CronSimError

from webapp.domain.words import message, phrase

_FIRST = datetime(2024, 1, 1, tzinfo=UTC)
_SIZES = (60, 24, 31, 12, 7)
_DAY, _WEEKDAY = 2, 4
_EVEN = {0: 60, 1: 24, 3: 12}
"""Parts that start anew after so many values: a step that divides them is the same distance everywhere."""
_EVERY = re.compile(r"\*/([0-9]{1,2}) \* \* \* \*|0 \*/([0-9]{1,2}) \* \* \*", re.ASCII)
_ORDINALS = {"1": "st", "2": "nd", "3": "rd"}


_EVERY_MINUTES, _EVERY_HOURS = message("Every %(every)s minutes"), message("Every %(every)s hours")
_USUAL = (
    message("Every minute"),
    message("At the start of every hour"),
    message("At minute %(minute)s of every hour"),
    message("At %(time)s every day"),
    message("At %(time)s on %(weekday)s"),
    message("At %(time)s on the first day of every month"),
)
_WEEKDAYS = {
    "Monday": message("Monday"),
    "Tuesday": message("Tuesday"),
    "Wednesday": message("Wednesday"),
    "Thursday": message("Thursday"),
    "Friday": message("Friday"),
    "Saturday": message("Saturday"),
    "Sunday": message("Sunday"),
}
"""What the library says of the plans that are usual; the others stay in its English."""


@lru_cache(maxsize=512)
def in_words(cron: str) -> str:
    """What is planned, as a person would say it: "At 02:00 every day"; the expression itself when it is none."""
    if simple := _EVERY.fullmatch(cron):
        every, unit = (int(simple[1]), "minutes") if simple[1] else (int(simple[2]), "hours")
        if every > 1 and _EVEN[unit == "hours"] % every == 0:
            words = _EVERY_HOURS if unit == "hours" else _EVERY_MINUTES
            return phrase(words, every=every)
    try:
        description = CronSim(_without_uneven_steps(cron), _FIRST).explain()
    except (CronSimError, ValueError, IndexError):
        return cron
    if _either_day(cron.split()):
        description = description.replace(" and on ", ", and also on ")
    return _by_its_message(re.sub(r"\b(\d*)([123])th\b", _ordinal, description))


def _weekday(text: str) -> str:
    """The day's name with its message; any other text as it is."""
    weekday = _WEEKDAYS.get(text)
    return phrase(weekday) if weekday else text


def _by_its_message(description: str) -> str:
    """The library's words with their message, where they are usual ones."""
    for usual in _USUAL:
        pattern = re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>[\\w:]+)", re.escape(usual))
        if found := re.fullmatch(pattern, description):
            values = {name: _weekday(text) for name, text in found.groupdict().items()}
            return phrase(usual, **values)
    return description


def step_problem(part: str, place: int) -> str | None:
    """Why a step in this part of an expression can't be, in a sentence: it would never come to a second value."""
    for term in part.split(","):
        base, sign, step = term.partition("/")
        if sign and step.isdecimal() and int(step) > 1 and len(_values(term, place)) < 2:
            return phrase(
                "The step of %(term)s is longer than what it steps over; write %(start)s instead.",
                term=f"{term!r}",
                start=_start(base, place),
            )
    return None


def _without_uneven_steps(cron: str) -> str:
    """The same instants, with the values themselves where "every third" would not be every third around the end."""
    parts = cron.upper().split()
    for place, part in enumerate(parts):
        # A star before the step says that day and weekday must both fit, so it stays where both are told.
        alone = place not in (_DAY, _WEEKDAY) or parts[_DAY + _WEEKDAY - place] == "*"
        if "/" in part and "L" not in part and alone and not _is_even(part, place):
            parts[place] = ",".join(map(str, sorted(_values(part, place))))
    return " ".join(parts)


def _is_even(part: str, place: int) -> bool:
    base, _, step = part.partition("/")
    return base == "*" and step.isdecimal() and place in _EVEN and int(step) > 0 and _EVEN[place] % int(step) == 0


def _values(part: str, place: int) -> set[int]:
    """The values of one part, Sunday always 0. Raises CronSimError."""
    alone = ["*"] * len(_SIZES)
    alone[place] = part
    planned = CronSim(" ".join(alone), _FIRST)
    found = (planned.minutes, planned.hours, planned.days, planned.months, planned.weekdays)[place]
    return {value % 7 if place == _WEEKDAY else value for value in found if isinstance(value, int)}


def _start(base: str, place: int) -> str:
    return repr(str(min(_values(base, place))))


def _either_day(parts: list[str]) -> bool:
    """Whether a day of the month or a weekday is enough."""
    return not any(parts[place].startswith("*") for place in (_DAY, _WEEKDAY))


def _ordinal(found: re.Match[str]) -> str:
    tens, ones = found.groups()
    return found.group() if tens.endswith("1") else f"{tens}{ones}{_ORDINALS[ones]}"
