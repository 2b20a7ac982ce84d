"""Instants as they are written outside: the one way they are read, whoever writes them.

An instant is RFC 3339 with a zone, and lies in the years that this desk keeps. Where people write local time, in a form
or a filter, the zone is theirs; a file's times without a zone are UTC.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import available_timezones

from webapp.domain.words import phrase

FIRST_YEAR, LAST_YEAR = 1970, 2199
EXAMPLE = "2026-03-31T14:00:00Z"

_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_ZONE = r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
_RFC_3339 = re.compile(rf"{_DATE}[Tt ][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]+)?{_ZONE}", re.ASCII)
_SPOKEN = "%d %B %Y at %H:%M UTC"
_IN_UTC = r"[0-9]{2} [A-Z][a-z]{2,8} [0-9]{4} at [0-9]{2}:[0-9]{2} UTC"
_IN_TEXT = re.compile(rf"(?<![0-9A-Za-z])(?:{_RFC_3339.pattern}|{_IN_UTC})(?![0-9A-Za-z])", re.ASCII)
_LOCAL = re.compile(rf"{_DATE}[Tt ][0-9]{{2}}:[0-9]{{2}}(?::[0-9]{{2}}(?:\.[0-9]+)?)?", re.ASCII)
_DAY = re.compile(_DATE, re.ASCII)


@lru_cache(maxsize=1)
def known_zones() -> frozenset[str]:
    """The zones of the IANA list. To look for them reads hundreds of files, so it is done once."""
    return frozenset(available_timezones())


def parse_instant(text: str) -> datetime:
    """An RFC 3339 instant, in UTC. Raises ValueError with a sentence (without a stop)."""
    typed = text.strip()
    if not _RFC_3339.fullmatch(typed):
        raise ValueError(
            phrase(
                "%(typed)s is not a time with a zone as RFC 3339 writes it, such as %(example)s",
                typed=_short(typed),
                example=EXAMPLE,
            )
        )
    return within_years(_read(typed.upper()), typed)


def parse_local(text: str, zone: tzinfo) -> datetime:
    """A time of the clock in a zone, or an instant with its own; in UTC. Raises ValueError with a sentence.

    Where a change of the clock repeats a local time, its first occurrence is meant; one that a change skips is refused.
    """
    typed = text.strip()
    if _RFC_3339.fullmatch(typed):
        return parse_instant(typed)
    if not _LOCAL.fullmatch(typed):
        raise ValueError(
            phrase("%(typed)s is not an ISO 8601 time, such as %(example)s", typed=_short(typed), example=EXAMPLE)
        )
    local = _read(typed.upper()).replace(tzinfo=zone)
    instant = within_years(local, typed)
    if instant.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise ValueError(phrase("%(typed)s does not exist: the clock was put forward over it", typed=_short(typed)))
    return instant


def parse_day(text: str, zone: tzinfo) -> datetime:
    """The midnight, in a zone, with which a day begins. Raises ValueError with a sentence (without a stop)."""
    typed = text.strip()
    if not _DAY.fullmatch(typed):
        raise ValueError(phrase("%(typed)s is not a day, such as 2026-03-31", typed=_short(typed)))
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        raise ValueError(phrase("%(typed)s is a day that no calendar has", typed=_short(typed))) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(_outside(typed))
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def parse_time_or_day(text: str, zone: tzinfo) -> datetime:
    """A time with or without a zone, or a day, which is its midnight; in UTC. Raises ValueError with a sentence."""
    typed = text.strip()
    return parse_day(typed, zone).astimezone(UTC) if _DAY.fullmatch(typed) else parse_local(typed, zone)


def within_years(instant: datetime, typed: str | None = None) -> datetime:
    """The instant in UTC, if it lies in the years that this desk keeps. Raises ValueError with a sentence."""
    try:
        found = instant.astimezone(UTC)
    except OverflowError:
        raise ValueError(_outside(typed or str(instant))) from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise ValueError(_outside(typed or str(instant)))
    return found


def shown_in(instant: datetime, zone: tzinfo) -> datetime:
    """The instant on the clocks of a zone; in UTC where the calendar ends before the zone's clocks do."""
    try:
        return instant.astimezone(zone)
    except OverflowError:
        return instant.astimezone(UTC)


def in_utc(instant: datetime) -> str:
    """An instant in a sentence that whoever reads it may read anywhere: `24 November 2026 at 18:46 UTC`."""
    return f"{instant.astimezone(UTC):{_SPOKEN}}"


def parts_of(text: str) -> Iterator[str | datetime]:
    """A sentence in parts: the instants that are written in it, for machines or by `in_utc`, and what is between."""
    place = 0
    for found in _IN_TEXT.finditer(text):
        try:
            instant = _spoken(found[0]) if found[0].endswith(" UTC") else parse_instant(found[0])
        except ValueError:
            continue
        yield text[place : found.start()]
        yield instant
        place = found.end()
    yield text[place:]


def in_words(text: str, zone: tzinfo) -> str:
    """A sentence whose instants are said as people read them, on the clocks of a zone and with its name."""
    return "".join(part if isinstance(part, str) else format_instant(part, zone) for part in parts_of(text))


def format_instant(instant: datetime, zone: tzinfo) -> str:
    """An instant as people read it: `24 November 2026, 21:46 (Nairobi)`."""
    local = shown_in(instant, zone)
    return f"{local:%d %B %Y, %H:%M} {zone_words(local)}"


def zone_words(local: datetime) -> str:
    """Whose clock it is: `(Nairobi)`, `UTC`, `UTC+05:30`. Never an abbreviation: PST is Manila's and Los Angeles'."""
    place = getattr(local.tzinfo, "key", "")
    if "/" in place and not place.startswith("Etc/"):
        return f"({place.rpartition('/')[2].replace('_', ' ')})"
    offset = f"{local:%z}"
    return f"UTC{offset[:3]}:{offset[3:5]}" if local.utcoffset() else "UTC"


def _spoken(text: str) -> datetime:
    return datetime.strptime(text, _SPOKEN).replace(tzinfo=UTC)


def _read(typed: str) -> datetime:
    try:
        if typed[11:13] == "24":  # RFC 3339's hours end at 23; Python 3.14 takes it for the next midnight
            raise ValueError
        found = datetime.fromisoformat(typed)
    except ValueError:
        raise ValueError(
            phrase(
                "%(typed)s is a time that no calendar has; write it such as %(example)s",
                typed=_short(typed),
                example=EXAMPLE,
            )
        ) from None
    if found.tzinfo is not None and abs(found.utcoffset() or timedelta()) > timedelta(hours=14):
        raise ValueError(phrase("%(typed)s has an offset that no zone has", typed=_short(typed)))
    return found


def _outside(typed: str) -> str:
    return phrase(
        "%(typed)s is not in the years %(first)s to %(last)s",
        typed=_short(typed),
        first=FIRST_YEAR,
        last=LAST_YEAR,
    )


def _short(typed: str) -> str:
    return repr(typed if len(typed) <= 40 else f"{typed[:40]}…")
