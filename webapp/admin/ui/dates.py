"""Days and instants as the reader's language writes them."""

from datetime import date, datetime
from typing import Any

from flask_babel import get_locale

from webapp.domain.instants import zone_words
from webapp.domain.languages import ENGLISH
from webapp.domain.localized_dates import DateFormat, localized_date


def dated(moment: date | datetime, form: DateFormat) -> str:
    """A day, or an instant in its own zone without the zone's name."""
    locale: Any = get_locale()
    return localized_date(moment, form, locale or ENGLISH)


def dated_in_zone(local: datetime, form: DateFormat) -> str:
    """The same with its zone, named by its city or its distance from UTC."""
    return f"{dated(local, form)} {zone_words(local)}"
