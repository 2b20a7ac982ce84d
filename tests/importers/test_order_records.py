"""One line of a file of orders: what is accepted, and what each wrong field is told."""

from datetime import UTC, datetime

import pytest

from webapp.importers.csv_records import RowError
from webapp.importers.layout import OPTIONAL, REQUIRED, Layout
from webapp.importers.order_records import Defaults, OrderRecord, read

RULES = Defaults(datetime(2026, 3, 1, tzinfo=UTC), release_days=7, buffer_days=3, fee_basis_points=250)
COLUMNS = (*REQUIRED, *OPTIONAL)
LAYOUT = Layout(",".join(COLUMNS))
GOOD = {"order_ref": "o-1", "buyer_ref": "ama", "seller_ref": "kofi", "amount": "1250.50", "currency": "NGN"}


def line_of(**fields: str) -> OrderRecord:
    said = GOOD | fields
    return read(
        2,
        ",".join(f'"{said[name]}"' if "," in said.get(name, "") else said.get(name, "") for name in COLUMNS),
        LAYOUT,
        RULES,
    )


def test_a_plain_line_gets_the_desks_defaults() -> None:
    line = line_of(created_at="2026-02-01T08:00:00+03:00")

    assert (line.amount, line.fee, line.policy) == (125_050, 3_126, "deadline")
    assert line.created_at == "2026-02-01 05:00:00.000000"
    assert line.release_at == "2026-02-08 05:00:00.000000"
    assert line.paid_at is None


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12", "RWF", 12),
        ("12.00", "RWF", 12),
        ("1,250,000.5", "NGN", 125_000_050),
        ("0.001", "KWD", 1),
        ("7.5", "USD", 750),
    ],
)
def test_amounts_are_read_as_people_write_them(amount: str, currency: str, minor: int) -> None:
    assert line_of(amount=amount, currency=currency).amount == minor


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("amount", "-5", "amount '-5' is negative"),
        ("amount", "0.00", "amount is zero"),
        ("amount", "", "amount is empty"),
        ("amount", "5.001", "amount '5.001' has too many decimals: NGN has 2"),
        ("amount", "5,5", "amount '5,5' could be read in two ways"),
        ("amount", "1e3", "amount '1e3' is not an amount"),
        ("amount", "٣", "is not an amount"),
        ("amount", "9" * 30, "is larger than this desk can hold"),
        ("currency", "ZZZ", "unknown currency: ZZZ"),
        ("currency", "ngn", "unknown currency: ngn"),
        ("order_ref", "", "order_ref is empty"),
        ("order_ref", "x" * 73, "order_ref is longer than 72 characters"),
        ("buyer_ref", "a\x07b", "buyer_ref has a character that can't be shown"),
        ("seller_ref", "ama", "buyer_ref and seller_ref are both 'ama'"),
        ("policy", "someday", "policy 'someday' is none of deadline, completion, buffer, placement"),
        ("paid_at", "yesterday", "paid_at 'yesterday' is not an ISO 8601 time"),
        ("amount", ".50", "amount '.50' needs digits on both sides of its point"),
        ("amount", "5.", "amount '5.' needs digits on both sides of its point"),
        ("created_at", "0001-01-01T00:00:00+14:00", "created_at '0001-01-01T00:00:00+14:00' is not in the years"),
        ("created_at", "2026-01-01T24:00:00Z", "created_at '2026-01-01T24:00:00Z' is a time that no calendar has"),
        ("created_at", "2026-W05-1", "created_at '2026-W05-1' is not an ISO 8601 time"),
        ("created_at", "01/02/2026", "created_at '01/02/2026' is not an ISO 8601 time"),
        ("paid_at", "45384.34789351852", "is a serial number, by which a spreadsheet means 2024-04-02"),
        ("paid_at", "45384", "show the column as yyyy-mm-dd hh:mm:ss before you save it"),
        ("paid_at", "20260201", "paid_at '20260201' is a number, not a time such as"),
        ("paid_at", "9" * 400, "is a number, not a time such as"),
        ("paid_at", "2026-03-01T00:00:01Z", "paid_at is in the future"),
        ("created_at", "2026-03-02", "created_at is in the future"),
        ("completed_at", "2026-02-01", "completed_at is there without paid_at"),
        ("release_at", "9999-01-01", "release_at '9999-01-01' is not in the years 1970 to 2199"),
        ("fee", "2000", "fee '2000' is more than the amount"),
        ("fee", "-1", "fee '-1' is negative"),
    ],
)
def test_a_wrong_field_is_named_with_its_reason(field: str, value: str, reason: str) -> None:
    with pytest.raises(RowError) as bad:
        line_of(**{field: value})
    assert reason in str(bad.value)


def test_everything_that_is_wrong_with_a_line_is_said_at_once() -> None:
    with pytest.raises(RowError) as bad:
        line_of(amount="-5", policy="someday", paid_at="soon")
    assert str(bad.value).count(";") == 2


@pytest.mark.parametrize(
    ("fields", "release_at"),
    [
        ({"policy": "completion"}, None),
        ({"policy": "buffer"}, None),
        ({"policy": "buffer", "paid_at": "2026-02-01", "completed_at": "2026-02-03"}, "2026-02-06 00:00:00.000000"),
        ({"policy": "placement", "release_at": "2026-05-01"}, "2026-05-01 00:00:00.000000"),
        ({"release_at": "2026-05-01"}, "2026-05-01 00:00:00.000000"),
        ({"paid_at": "2026-02-10"}, "2026-02-17 00:00:00.000000"),
    ],
)
def test_the_policys_rule_says_when_it_is_due(fields: dict[str, str], release_at: str | None) -> None:
    assert line_of(**fields).release_at == release_at


@pytest.mark.parametrize("name", ["paid_at", "completed_at", "release_at"])
def test_nothing_happens_to_an_order_before_it_is_created(name: str) -> None:
    times = {"created_at": "2026-02-02", "paid_at": "2026-02-02"} | {name: "2026-02-01"}
    with pytest.raises(RowError, match=f"{name} is before created_at"):
        line_of(**times)


def test_times_without_a_zone_are_utc() -> None:
    line = line_of(
        created_at="2026-02-01 08:00", paid_at="2026-02-01T08:00:30.5", release_at="2026-02-08T00:00:00+03:00"
    )

    assert line.created_at == "2026-02-01 08:00:00.000000"
    assert line.paid_at == "2026-02-01 08:00:30.500000"
    assert line.release_at == "2026-02-07 21:00:00.000000"


def test_empty_cells_without_a_name_are_not_there_but_a_value_in_one_is_refused() -> None:
    layout = Layout("order_ref,buyer_ref,seller_ref,amount,currency,,")

    assert read(2, "o-1,ama,kofi,5,NGN,,", layout, RULES).amount == 500
    assert read(2, "o-1,ama,kofi,5,NGN,,,,", layout, RULES).amount == 500
    assert read(2, "o-1,ama,kofi,5,NGN", layout, RULES).amount == 500
    with pytest.raises(RowError, match="a value in column 7, which has no name"):
        read(2, "o-1,ama,kofi,5,NGN,,late", layout, RULES)


def test_quotes_that_do_not_match_spoil_one_line_only() -> None:
    with pytest.raises(RowError, match="quotes"):
        read(2, 'o-1,"ama,kofi,5,NGN', LAYOUT, RULES)


def test_a_line_with_too_few_fields_is_named() -> None:
    with pytest.raises(RowError, match="it has 2 fields, the header has 12"):
        read(2, "o-1,ama", LAYOUT, RULES)
