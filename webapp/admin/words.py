"""Values in words, for templates: money with its currency, time relative and exact, states with icon and colour."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import format_currency
from flask import Flask
from flask_babel import format_timedelta, get_locale, gettext
from markupsafe import Markup

from webapp import clock
from webapp.admin.badges import badge
from webapp.domain.money import exponent, to_major
from webapp.security.context import current_asker


def current_zone() -> str:
    """The IANA zone of who is reading."""
    asker = current_asker()
    return asker.user.zone if asker is not None and asker.user is not None else "UTC"


def money(amount: int | None, currency: str) -> str:
    """Minor units with their currency, in the reader's locale."""
    if amount is None:
        return "–"
    pattern = "\xa4\xa4\xa0#,##0" + ("." + "0" * exponent(currency) if exponent(currency) else "")
    locale = get_locale() or "en"
    return str(format_currency(to_major(amount, currency), currency, pattern, locale=locale, currency_digits=False))


def exact(instant: datetime) -> str:
    """The instant in the reader's zone, to the second, with the zone's name."""
    local = instant.astimezone(ZoneInfo(current_zone()))
    return f"{local:%a %d %b %Y, %H:%M:%S} {local.tzname()}"


def relative(instant: datetime) -> str:
    """How long ago, or how far ahead: `3 hours ago`, `in 2 days`."""
    distance = instant - clock.now()
    if abs(distance.total_seconds()) < 5:
        return gettext("now")
    return format_timedelta(distance, add_direction=True, threshold=1.2)


def when(instant: datetime | None, style: str = "relative") -> str:
    """A `<time>` element: relative text, exact on hover; `exact` the other way round, `date` and `short` plain."""
    if instant is None:
        return "–"
    local = instant.astimezone(ZoneInfo(current_zone()))
    shapes: dict[str, str] = {"exact": exact(instant), "date": f"{local:%d %b %Y}", "short": f"{local:%d %b %H:%M}"}
    text = shapes.get(style) or relative(instant)
    title = relative(instant) if style == "exact" else exact(instant)
    stamp = instant.astimezone(UTC).isoformat(timespec="seconds")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(stamp, title, text)


def duration(seconds: float | None) -> str:
    """A length of time: `850 ms`, `12.4 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds is None:
        return "–"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def teach(app: Flask) -> None:
    """Give the words to every template, as functions and as filters."""
    known = (money, when, duration, exact, relative, badge)
    words: dict[str, Any] = {word.__name__: word for word in known}
    app.jinja_env.globals.update(words)
    app.jinja_env.filters.update(words)
