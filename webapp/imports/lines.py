"""Lines of a text file that nobody vouches for: each is read by itself, so that one bad line spoils no other."""

import csv
from collections.abc import Iterator
from typing import BinaryIO

LONGEST = 10_000
"""Bytes of the longest line that is read."""

_MARK = b"\xef\xbb\xbf"


class BadLine(ValueError):
    """A line that can't be used, and why, in a sentence without its number."""


def lines(stream: BinaryIO) -> Iterator[tuple[int, str, str | None]]:
    """Number, text and problem of each line that isn't blank. Text of a line with a problem may be mangled or cut."""
    number = 0
    while raw := stream.readline(LONGEST):
        number += 1
        if number == 1:
            raw = raw.removeprefix(_MARK)
        if len(raw) >= LONGEST - len(_MARK) and not raw.endswith(b"\n") and _skip_rest(stream):
            yield number, _mangled(raw[:200]), f"the line is longer than {LONGEST:,} bytes"
            continue
        try:
            text = raw.decode().rstrip("\r\n")
        except UnicodeDecodeError as broken:
            yield (
                number,
                _mangled(raw),
                f"the text is not UTF-8: byte {broken.start + 1} of the line is {raw[broken.start]:#04x}",
            )
            continue
        if "\0" in text:
            yield number, _mangled(raw), "the line has a NUL byte"
        elif text and not text.isspace():
            yield number, text, None


def cells(text: str) -> list[str]:
    """The fields of one line of CSV. Raises BadLine."""
    if '"' not in text:
        return [cell.strip() for cell in text.split(",")]
    try:
        return [cell.strip() for cell in next(csv.reader([text], strict=True))]
    except csv.Error:
        raise BadLine("the quotes of the line don't match; each order is one line") from None


def _skip_rest(stream: BinaryIO) -> bool:
    """Read up to the end of the line; whether there was anything left of it."""
    rest = stream.readline(LONGEST)
    found = bool(rest)
    while rest and not rest.endswith(b"\n"):
        rest = stream.readline(LONGEST)
    return found


def _mangled(raw: bytes) -> str:
    return raw.decode(errors="replace").replace("\0", "\N{SYMBOL FOR NULL}").rstrip("\r\n")
