"""Records of a text file that nobody vouches for: each is read by itself, so that one bad record spoils no other.

A record is one line; where a quoted cell holds line breaks it is several, and can't be used: each record is one line.
"""

import csv
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from webapp.errors import Invalid

LONGEST = 10_000
"""Bytes of the longest record that is read."""

_MARK = b"\xef\xbb\xbf"
_OPENING = re.compile(rb'(?:^|,)[ \t]*"')
_NO_TEXT = {
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"PK\x03\x04": "a spreadsheet, not a text",
}
_SAVE = "Save it as CSV UTF-8 (comma delimited) and import that file."


class RowError(ValueError):
    """A line that can't be used, and why, in a sentence without its number."""


def require_readable(head: bytes) -> None:
    """Raise Invalid, which says what to do, for the beginning of a file that is no CSV as we read it."""
    kind = next((kind for start, kind in _NO_TEXT.items() if head.startswith(start)), None)
    if kind is None and head[:200].count(0) > len(head[:200]) // 4:
        kind = "UTF-16"
    if kind:
        raise Invalid(f"The file is {kind}. {_SAVE}")
    if head.removeprefix(_MARK)[:4].lower() == b"sep=":
        raise Invalid(
            "Line 1 says which sign separates the columns, which only a spreadsheet reads. Remove this line, and "
            "separate the columns with commas."
        )
    if b"\n" not in head and b"\r" in head.rstrip(b"\r"):
        raise Invalid(f"The lines of the file end with CR alone, as nothing but old programs writes them. {_SAVE}")


def lines(stream: BinaryIO) -> Iterator[tuple[int, str, str | None]]:
    """First line, text and problem of each record that isn't blank.

    The text is in Unicode's form NFC; that of a record with a problem may be mangled or cut.
    """
    for record in _records(stream):
        problem = record.problem
        text = _mangled(record.raw[:200] if record.is_cut else record.raw)
        if problem is None:
            try:
                text = _text(record.raw)
            except RowError as bad:
                problem = str(bad)
        if problem is not None or not _is_blank(text):
            yield record.number, text, problem


def cells(text: str) -> list[str]:
    """The fields of one line of CSV. Raises RowError."""
    if '"' not in text:
        return [cell.strip() for cell in text.split(",")]
    try:
        return [cell.strip() for cell in next(csv.reader([text], strict=True, skipinitialspace=True))]
    except csv.Error:
        raise RowError("the quotes of the line don't match; each record is one line") from None


@dataclass(slots=True)
class _Record:
    number: int
    """Of its first line."""
    raw: bytes
    last: int
    is_cut: bool
    is_open: bool = False
    """Whether its last quote is never closed."""

    @property
    def problem(self) -> str | None:
        """Why it can't be used, before its text is looked at."""
        if self.is_open:
            return "a quote is opened and never closed: the rest of the file belongs to this line"
        if self.last > self.number:
            return f"a quoted cell goes on to line {self.last}; each record is one line"
        return f"the line is longer than {LONGEST:,} bytes" if self.is_cut else None


def _records(stream: BinaryIO) -> Iterator[_Record]:
    number = 0
    while raw := stream.readline(LONGEST):
        number += 1
        if number == 1:
            raw = raw.removeprefix(_MARK)
        record = _Record(number, raw, number, is_cut=_is_cut(raw))
        inside = _goes_on(stream, record, _ends_inside(raw, False))
        while inside and (raw := stream.readline(LONGEST)):
            record.last += 1
            record.is_cut = record.is_cut or len(record.raw) + len(raw) > LONGEST
            record.raw += b"" if record.is_cut else raw
            inside = _goes_on(stream, record, _ends_inside(raw, True), raw)
        record.is_open = inside
        number = record.last
        yield record


def _goes_on(stream: BinaryIO, record: _Record, inside: bool, raw: bytes | None = None) -> bool:
    """Read up to the end of a line that is longer than what is read at once; whether it ends within quotes."""
    piece = record.raw if raw is None else raw
    while _is_cut(piece) and (piece := stream.readline(LONGEST)):
        record.is_cut = True
        inside = _ends_inside(piece, inside)
    return inside


def _is_cut(raw: bytes) -> bool:
    return len(raw) >= LONGEST - len(_MARK) and not raw.endswith(b"\n")


def _ends_inside(raw: bytes, inside: bool) -> bool:
    """Whether a quoted cell is open at the end; `inside` says whether one is at the start."""
    if b'"' not in raw:
        return inside
    place = 0
    while True:
        if inside:
            closing = _closing(raw, place)
            if closing is None:
                return True
            place = closing
        opening = _OPENING.search(raw, place)
        if opening is None:
            return False
        inside, place = True, opening.end()


def _closing(raw: bytes, place: int) -> int | None:
    """Where the quoted cell ends; two quotes in a row are one quote of its text."""
    while (found := raw.find(b'"', place)) >= 0:
        if raw[found + 1 : found + 2] != b'"':
            return found + 1
        place = found + 2
    return None


def _text(raw: bytes) -> str:
    """The text of one line. Raises RowError."""
    try:
        text = raw.decode().rstrip("\r\n")
    except UnicodeDecodeError as broken:
        place = f"byte {broken.start + 1} of the line is {raw[broken.start]:#04x}"
        raise RowError(f"the text is not UTF-8: {place}; save the file as CSV UTF-8") from None
    if "\0" in text:
        raise RowError("the line has a NUL byte")
    if "\r" in text:
        raise RowError("a CR stands in the middle of the line; end each line with LF or CRLF")
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _is_blank(text: str) -> bool:
    """Whether nothing is in any of its cells."""
    return not text.strip(', "\t') or text.isspace()


def _mangled(raw: bytes) -> str:
    return raw.decode(errors="replace").replace("\0", "\N{SYMBOL FOR NULL}").rstrip("\r\n")
