"""Values in words, for templates: money with its currency, time relative and exact, states with icon and colour."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import get_decimal_symbol
from flask import Flask
from flask_babel import format_decimal, format_timedelta, get_locale, get_translations, gettext
from jinja2.filters import do_filesizeformat
from markupsafe import Markup, escape

from webapp import clock
from webapp.admin.ui.badges import badge
from webapp.admin.ui.dates import dated, dated_in_zone
from webapp.domain import durations
from webapp.domain.actors import named
from webapp.domain.disputes.resolutions import REASON_CODES, RESOLUTION_CODES
from webapp.domain.instants import parts_of, shown_in
from webapp.domain.localized_dates import DateFormat
from webapp.domain.money.formatting import localized
from webapp.domain.numbers import counted
from webapp.domain.providers import provider_messages
from webapp.domain.state_labels import in_words
from webapp.domain.words import Sentence, message, spoken
from webapp.security.context import current_principal
from webapp.services.common.catalogues import English
from webapp.services.common.stored_sentences import recognised

_TIME = Markup('<time datetime="%s" title="%s">%s</time>')
_MINUTE = timedelta(minutes=1)
_UNITS = {
    "kB": message("kB"),
    "MB": message("MB"),
    "GB": message("GB"),
    "KiB": message("KiB"),
    "MiB": message("MiB"),
    "GiB": message("GiB"),
}
_SHAPES: dict[str, Callable[[datetime], str]] = {
    "date": lambda local: dated(local, DateFormat.DATE),
    "short": lambda local: dated_in_zone(local, DateFormat.SHORT),
}


def current_zone() -> str:
    """The IANA zone of who is reading."""
    principal = current_principal()
    return principal.user.zone if principal is not None and principal.user is not None else "UTC"


def money(amount: int | None, currency: str) -> str:
    """Minor units with their currency, in the reader's locale; plain for a currency that nobody knows."""
    if amount is None:
        return "–"
    return localized(amount, currency, get_locale() or "en")


def number(value: float) -> str:
    """A number with its thousands set apart as the reader's language does: `1,986`, `1 986`, `1.986`."""
    return format_decimal(value)


def exact(instant: datetime) -> str:
    """The instant in the reader's zone, to the second, with the zone's name."""
    return _exactly(shown_in(instant, ZoneInfo(current_zone())))


def _exactly(local: datetime) -> str:
    return dated_in_zone(local, DateFormat.EXACT)


def relative(instant: datetime) -> str:
    """How long ago, or how far ahead: `3 hours ago`, `in 2 days`.

    Seconds are not counted: a page that asks every few seconds what is new would be another one each time.
    """
    distance = instant - clock.now()
    if abs(distance) < _MINUTE:
        is_past = distance <= timedelta()
        return gettext("less than a minute ago") if is_past else gettext("in less than a minute")
    return format_timedelta(distance, granularity="minute", add_direction=True, threshold=1.2)


def when(instant: datetime | None, style: str = "relative") -> str:
    """A `<time>` element: relative text, exact on hover; `exact` the other way round, `date` and `short` plain."""
    if instant is None:
        return "–"
    if style == "exact":
        text, title = exact(instant), relative(instant)
    else:
        local = shown_in(instant, ZoneInfo(current_zone()))
        text = _SHAPES[style](local) if style in _SHAPES else relative(instant)
        title = _exactly(local)
    stamp = instant.astimezone(UTC).isoformat(timespec="seconds")
    return _TIME % (stamp, title, text)


def with_local_times(sentence: str) -> Markup:
    """A sentence of the desk's in the reader's language, its instants on their clocks."""
    zone = ZoneInfo(current_zone())
    text = str(of_the_desk(sentence))
    parts = [_local_time(part, zone) if isinstance(part, datetime) else escape(part) for part in parts_of(text)]
    return Markup("").join(parts)


def of_the_desk(sentence: str | None) -> str:
    """A sentence of the desk's, as it was just made or as a row keeps it, in the reader's language."""
    if sentence is None:
        return ""
    catalogue = get_translations()
    if isinstance(sentence, Sentence) or isinstance(catalogue, English):
        return str(spoken(sentence, catalogue))
    return str(spoken(recognised(str(sentence)), catalogue))


def whole(sentence: str) -> str:
    """A sentence of the desk's that was written to stand inside another, with its capital and its stop."""
    text = of_the_desk(sentence)
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def file_size(value: int, binary: bool = False) -> str:
    """The size of a file with its unit: `140 bytes`, `1.2 MB`."""
    figure, unit = do_filesizeformat(value, binary=binary).split(" ")
    if unit.startswith("Byte"):
        return str(spoken(counted(value, "byte"), get_translations()))
    return f"{_with_decimals(figure)} {gettext(_UNITS.get(unit, unit))}"


def _local_time(instant: datetime, zone: ZoneInfo) -> Markup:
    text = dated_in_zone(shown_in(instant, zone), DateFormat.MINUTE)
    return _TIME % (instant.isoformat(timespec="seconds"), relative(instant), text)


def duration(seconds: float | None) -> str:
    """A length of time: `850 ms`, `12.4 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds is None:
        return "–"
    return _with_decimals(durations.in_words(seconds))


def _with_decimals(text: str) -> str:
    """A figure with the reader's sign before its decimals."""
    return text.replace(".", get_decimal_symbol(get_locale() or "en"))


def register_filters(app: Flask) -> None:
    """Give the words to every template, as functions and as filters."""
    known = (money, number, when, with_local_times, of_the_desk, whole, in_words, duration, exact, relative, badge)
    words: dict[str, Any] = {word.__name__: word for word in known}
    words |= {"named": named, "provider_word": provider_word}
    words |= {"claim_label": claim_label, "resolution_label": resolution_label}
    app.jinja_env.globals.update(words)
    app.jinja_env.filters.update(words | {"filesizeformat": file_size})
    app.jinja_env.finalize = _shown


def _shown(value: Any) -> Any:
    """What is not known is left empty: no page says None. The desk's sentences are in the reader's language."""
    if isinstance(value, Sentence):
        return spoken(value, get_translations())
    return "" if value is None else value


def provider_word(word: str | None) -> Any:
    """What a provider said, in a sentence; its own code is the hint of it, for whoever looks it up there."""
    message = of_the_desk(provider_messages.sentence(word))
    return Markup('<span title="{}">{}</span>').format(word, message) if provider_messages.is_code(word) else message


def claim_label(code: str) -> str:
    """What a claim is about, in the words of the form that it was chosen in."""
    return str(spoken(REASON_CODES.get(code, code), get_translations()))


def resolution_label(code: str | None) -> str:
    """Why a dispute was decided so, in the words of the form that it was chosen in."""
    return "–" if code is None else str(spoken(RESOLUTION_CODES.get(code, code), get_translations()))
