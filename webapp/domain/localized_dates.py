"""Days and instants as a language writes them; English as the desk's own sentences and letters do."""

from datetime import UTC, date, datetime, time, tzinfo
from enum import Enum
from typing import Any

from babel.dates import format_skeleton

from webapp.domain.instants import shown_in, zone_words
from webapp.domain.languages import ENGLISH


class DateFormat(Enum):
    """How much of an instant is told: in English; of another language its day, by a skeleton of CLDR, and its time."""

    DAY = "%d %b", "MMMd", ""
    DATE = "%d %b %Y", "yMMMd", ""
    SHORT = "%d %b %H:%M", "MMMd", "%H:%M"
    MINUTE = "%d %B %Y, %H:%M", "yMMMMd", "%H:%M"
    EXACT = "%a %d %b %Y, %H:%M:%S", "yMMMEd", "%H:%M:%S"


def localized_date(moment: date | datetime, form: DateFormat, locale: Any) -> str:
    """A day, or an instant in its own zone without the zone's name, by a locale or its language's code."""
    english, skeleton, clock = form.value
    if getattr(locale, "language", locale) == ENGLISH:
        return moment.strftime(english)
    # The skeleton is for instants: a day is one at its beginning.
    day = format_skeleton(skeleton, datetime.combine(moment, time.min, UTC), locale=locale)
    return f"{day}, {moment.strftime(clock)}" if clock else day


def localized_instant(instant: datetime, zone: tzinfo, locale: Any) -> str:
    """An instant to the minute on the clocks of a zone, with its name: `24 novembre 2026, 21:46 (Nairobi)`."""
    local = shown_in(instant, zone)
    return f"{localized_date(local, DateFormat.MINUTE, locale)} {zone_words(local)}"
