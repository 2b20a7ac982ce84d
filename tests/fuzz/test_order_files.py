"""A file of orders from anywhere: each record is read by itself, and is a good line or has a sentence."""

import io
from datetime import UTC, date, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz.bounded import BLOWN_UP, IN_TIME, TEXTS, fuzzed, raises_only, repeated
from webapp.domain.money.money import LARGEST, known_currencies
from webapp.domain.states import Policy
from webapp.errors import Invalid
from webapp.importers import csv_records, order_records
from webapp.importers.csv_records import LONGEST, RowError
from webapp.importers.layout import OPTIONAL, REQUIRED, Layout
from webapp.importers.order_records import Defaults, OrderRecord

DEFAULTS = Defaults(datetime(2026, 3, 31, tzinfo=UTC), 14, 3, 250)
COLUMNS = (*REQUIRED, *OPTIONAL)
LAYOUT = Layout(",".join(COLUMNS))
GOOD = [
    "o-1",
    "buyer",
    "seller",
    "2,500.50",
    "NGN",
    "deadline",
    "2026-03-01",
    "2026-03-01T10:00Z",
    "",
    "46000",
    "9" * 30,
]
CELLS = TEXTS | st.sampled_from(
    [*GOOD, '"', '""', "\u0663", "\ud7ff", "1e5", "NaN", " \u00a0", "=1+1", "x" * 80, "9" * 5_000]
)
LINES = st.lists(CELLS, max_size=13).map(",".join)
RAW = st.lists(
    LINES.map(str.encode) | st.binary(max_size=30) | LINES.map(lambda text: text.encode("utf-16")), max_size=6
)
FILES = st.tuples(RAW, st.sampled_from([b"\n", b"\r\n", b"\r", b"\n\n"])).map(lambda pair: pair[1].join(pair[0]))


@fuzzed(80)
@given(raw=FILES, mark=st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"sep=;\n"]))
@example(raw=b'"' + b"x" * (LONGEST * 3) + b'"\nnext', mark=b"")
@example(raw=b"\x00" * 10, mark=b"")
def test_any_bytes_are_records_with_a_text_or_a_problem(raw: bytes, mark: bytes) -> None:
    raises_only(Invalid, csv_records.require_readable, (mark + raw)[:65_536])
    last = 0
    for number, text, problem in csv_records.lines(io.BytesIO(mark + raw)):
        assert number > last
        assert problem is None or problem
        assert "\x00" not in text
        text.encode()
        last = number
        if problem is None:
            raises_only(RowError, csv_records.cells, text)


@IN_TIME
@fuzzed(5)
@given(
    raw=repeated(st.binary(min_size=1, max_size=3) | st.text('",\t \n\r\\a', min_size=1, max_size=4).map(str.encode))
)
@example(raw=b', \t"' * (BLOWN_UP // 4))
@example(raw=b'"' * BLOWN_UP)
@example(raw=b"," * BLOWN_UP)
@example(raw=b'",' * (BLOWN_UP // 2))
def test_the_work_of_reading_grows_with_the_file_alone(raw: bytes) -> None:
    for number, _text, _problem in csv_records.lines(io.BytesIO(raw)):
        assert number


def _read(text: str) -> OrderRecord:
    return order_records.read(2, text, LAYOUT, DEFAULTS)


@fuzzed(150)
@given(text=LINES | st.lists(CELLS, min_size=11, max_size=11).map(",".join))
def test_a_line_is_an_order_that_can_be_stored_or_has_a_sentence(text: str) -> None:
    line = raises_only(RowError, _read, text)
    if line is None:
        return
    assert 0 < line.amount <= LARGEST
    assert 0 <= line.fee <= line.amount
    assert line.currency in known_currencies()
    assert line.policy in set(Policy)
    for reference in (line.ref, line.buyer, line.seller):
        assert 0 < len(reference) <= 72
        assert reference.isprintable()
    assert line.buyer != line.seller


@fuzzed(60)
@given(
    ref=st.text("abcXYZ-_.09", min_size=1, max_size=72),
    amount=st.integers(1, 10**12),
    day=st.dates(date(2020, 1, 1), date(2026, 3, 30)),
)
def test_what_was_written_is_what_is_read(ref: str, amount: int, day: date) -> None:
    line = _read(f"{ref},b-{ref[:9]},s-{ref[:9]},{amount // 100}.{amount % 100:02},NGN,,{day},{day},,,,")
    assert (line.ref, line.amount, line.created_at[:10]) == (ref, amount, str(day))


@fuzzed(100)
@given(header=st.lists(st.sampled_from(COLUMNS) | TEXTS, max_size=14).map(",".join))
def test_a_header_has_all_that_is_needed_once_or_is_refused(header: str) -> None:
    layout = raises_only(Invalid, Layout, header)
    names = [name.strip() for name in header.split(",")]
    if layout is not None and '"' not in header:
        assert all(names.count(name) == 1 for name in REQUIRED)
        assert set(filter(None, names)) <= set(COLUMNS)
