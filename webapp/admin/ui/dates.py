"""Days and instants as the reader's language writes them; English as the desk's own sentences and letters do."""

from datetime import UTC, date, datetime, time
from enum import Enum
from typing import Any

from babel.dates import format_skeleton
from flask_babel import get_locale

from webapp.domain.instants import zone_words
from webapp.domain.languages import ENGLISH


class DateFormat(Enum):
    """How much of an instant is told: in English; of another language its day, by a skeleton of CLDR, and its time."""

    DAY = "%d %b", "MMMd", ""
    DATE = "%d %b %Y", "yMMMd", ""
    SHORT = "%d %b %H:%M", "MMMd", "%H:%M"
    MINUTE = "%d %B %Y, %H:%M", "yMMMMd", "%H:%M"
    EXACT = "%a %d %b %Y, %H:%M:%S", "yMMMEd", "%H:%M:%S"


def dated(moment: date | datetime, form: DateFormat) -> str:
    """A day, or an instant in its own zone without the zone's name."""
    english, skeleton, clock = form.value
    locale: Any = get_locale()
    if locale is None or locale.language == ENGLISH:
        return moment.strftime(english)
    # The skeleton is for instants: a day is one at its beginning.
    day = format_skeleton(skeleton, datetime.combine(moment, time.min, UTC), locale=locale)
    return f"{day}, {moment.strftime(clock)}" if clock else day


def dated_in_zone(local: datetime, form: DateFormat) -> str:
    """The same with its zone, named by its city or its distance from UTC."""
    return f"{dated(local, form)} {zone_words(local)}"
