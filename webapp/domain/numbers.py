"""Whole numbers as they are written outside, no larger than the database can hold."""

from webapp.domain.words import Count, count

BIGGEST = 2**63 - 1
"""The largest whole number of the database."""


def counted(number: int, thing: str, things: str = "") -> Count:
    """So many of a thing: `1 refund`, `2 refunds`."""
    return count(number, thing, things or f"{thing}s")


def parse_whole(text: str, most: int = BIGGEST) -> int | None:
    """The number that ASCII digits write; None for any other text, and for a number beyond `most`."""
    if not (text.isascii() and text.isdigit()) or len(text) > 40:
        return None
    number = int(text)
    return number if number <= most else None
