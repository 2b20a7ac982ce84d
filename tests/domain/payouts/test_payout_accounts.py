"""Accounts that can't be paid to are refused where they are entered, at the field that is wrong."""

import pytest

from webapp.domain.payouts.payout_accounts import CURRENCIES, plain_number, problems

GOOD = [
    ("nuban", "NGN", "0123456789", ""),
    ("ghipss", "GHS", "0012345678901", ""),
    ("basa", "ZAR", "62000000001", ""),
    ("kepss", "KES", "1234567890123", ""),
    ("mobile_money", "GHS", "0551234987", ""),
    ("mobile_money", "KES", "0712345678", ""),
    ("mobile_money_business", "KES", "247247", "0123/45-A"),
]


@pytest.mark.parametrize(("kind", "currency", "number", "reference"), GOOD)
def test_what_can_be_paid_to_is_taken(kind: str, currency: str, number: str, reference: str) -> None:
    assert problems(kind, currency, number, reference) == {}


@pytest.mark.parametrize(
    ("kind", "currency", "number", "reference", "fields"),
    [
        ("iban", "NGN", "0123456789", "", ["kind"]),
        ("authorization", "NGN", "0123456789", "", ["kind"]),
        ("nuban", "GHS", "0123456789", "", ["currency"]),
        ("basa", "USD", "62000000001", "", ["currency"]),
        ("mobile_money", "NGN", "0712345678", "", ["currency"]),
        ("nuban", "NGN", "012345678", "", ["account_number"]),
        ("nuban", "NGN", "01234567٨9", "", ["account_number"]),
        ("kepss", "KES", "1!", "", ["account_number"]),
        ("mobile_money_business", "KES", "247247", "", ["account_reference"]),
        ("mobile_money_business", "KES", "247247", "a" * 41, ["account_reference"]),
        ("nuban", "NGN", "0123456789", "anything", ["account_reference"]),
        ("nuban", "KES", "1", "x", ["account_number", "account_reference", "currency"]),
    ],
)
def test_what_can_not_is_said_at_its_field(
    kind: str, currency: str, number: str, reference: str, fields: list[str]
) -> None:
    assert sorted(problems(kind, currency, number, reference)) == fields


def test_a_currency_that_another_kind_is_paid_in_says_which() -> None:
    said = problems("nuban", "KES", "0123456789", "")["currency"]
    assert said == (
        "An account of the kind nuban is paid in NGN; KES goes to kepss or mobile_money or mobile_money_business."
    )
    assert problems("nuban", "RWF", "0123456789", "")["currency"] == (
        "Nothing is paid out in RWF: only in GHS, KES, NGN, ZAR."
    )
    assert all(CURRENCIES.values())


def test_spaces_and_hyphens_are_peoples() -> None:
    assert plain_number("012-345 6789") == "0123456789"


@pytest.mark.parametrize(
    ("kind", "currency", "number", "reference", "said"),
    [
        ("iban", "NGN", "1", "", {"kind": "One of nuban, ghipss, basa, kepss, mobile_money, mobile_money_business."}),
        (
            "nuban",
            "NGN",
            "012345678",
            "x",
            {
                "account_number": "A Nigerian account number (NUBAN) has ten digits.",
                "account_reference": "Only a Paybill or Till number has one: leave it empty.",
            },
        ),
        ("kepss", "KES", "1!", "", {"account_number": "An account number has 4 to 34 letters and digits."}),
        (
            "mobile_money",
            "NGN",
            "0712345678",
            "",
            {"currency": "An account of the kind mobile_money is paid in GHS or KES; NGN goes to nuban."},
        ),
        (
            "mobile_money_business",
            "KES",
            "247247",
            "",
            {
                "account_reference": "A Paybill or Till number needs the account reference that the money is booked to "
                "there."
            },
        ),
        (
            "mobile_money_business",
            "KES",
            "247247",
            "a b",
            {"account_reference": "An account reference has up to 40 letters, digits and . _ / -"},
        ),
    ],
)
def test_what_is_wrong_is_said(kind: str, currency: str, number: str, reference: str, said: dict[str, str]) -> None:
    assert problems(kind, currency, number, reference) == said
