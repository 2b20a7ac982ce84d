"""What can't be true of a row that the marketplace gives is said in a sentence."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from webapp.domain.money.money import LARGEST
from webapp.domain.storefront.checks import problem
from webapp.domain.storefront.rows import (
    CartItemRow,
    CustomerRow,
    GivenRow,
    OrderLineRow,
    ProductRow,
    TenantRow,
    UnusableRow,
)

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
TENANT = TenantRow(ref="shop", name="Shop", email="a@b.example", zone="Africa/Kigali", grace_days=365)
PRODUCT = ProductRow(ref="p", tenant="shop", name="Soap", price=0, currency="NGN")
CUSTOMER = CustomerRow(ref="k", tenant="shop")
LINE = OrderLineRow(ref="l", tenant="shop", order="o", product="p", quantity=1, amount=0, currency="NGN")
ITEM = CartItemRow(ref="c", tenant="shop", product="p", quantity=1_000_000_000)
LONGEST_ADDRESS = "a" * 190 + "@b.example"
CHARACTERS = "has 1 to 80 characters that can be shown."


@pytest.mark.parametrize("row", [TENANT, PRODUCT, CUSTOMER, LINE, ITEM])
def test_what_can_be_is_taken(row: GivenRow) -> None:
    assert problem(row, AT) is None
    longest = replace(row, ref="x" * (40 if row is TENANT else 80), created_at=AT, updated_at=AT + timedelta(minutes=5))
    assert problem(longest, AT) is None


@pytest.mark.parametrize(
    ("row", "other"),
    [
        (TENANT, {"name": "S"}),
        (TENANT, {"name": "x" * 200, "email": LONGEST_ADDRESS, "grace_days": 0}),
        (PRODUCT, {"price": None, "currency": None}),
        (PRODUCT, {"price": LARGEST}),
        (LINE, {"amount": LARGEST}),
        (CUSTOMER, {"created_at": AT, "updated_at": AT}),
    ],
)
def test_what_is_at_its_bound_is_taken(row: GivenRow, other: dict[str, Any]) -> None:
    assert problem(replace(row, **other), AT) is None


def test_of_what_is_no_row_its_own_problem_is_said() -> None:
    assert problem(UnusableRow(ref="", problem="It is no object."), AT) == "It is no object."


PERSIAN, FAMILY = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\U0001f468\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize("name", [PERSIAN, FAMILY, "Caf\u00e9\u00a0Bar", "\u05d0\u200e (1)", "=1+1", "<b>"])
def test_names_are_taken_as_people_write_them(name: str) -> None:
    assert problem(replace(PRODUCT, name=name), AT) is None


@pytest.mark.parametrize(
    ("row", "other", "sentence"),
    [
        (TENANT, {"ref": "x" * 41}, "ref has 1 to 40 characters that can be shown."),
        (TENANT, {"name": ""}, "name has 1 to 200 characters that can be shown."),
        (TENANT, {"name": "x" * 201}, "name has 1 to 200 characters that can be shown."),
        (TENANT, {"email": "nobody"}, "email 'nobody' is no address."),
        (TENANT, {"email": "a@b.example\nBcc: c@d.example"}, "email 'a@b.example\\nBcc: c@d.example' is no address."),
        (TENANT, {"email": "\u202ea@b.example"}, "email '\\u202ea@b.example' is no address."),
        (TENANT, {"email": "a" * 200 + "@b.example"}, f"email '{'a' * 80}' is no address."),
        (TENANT, {"zone": "Nowhere"}, "zone 'Nowhere' is no IANA time zone, such as Africa/Kigali."),
        (TENANT, {"zone": "z" * 81}, f"zone '{'z' * 80}' is no IANA time zone, such as Africa/Kigali."),
        (TENANT, {"grace_days": -1}, "grace_days is 0 to 365."),
        (TENANT, {"grace_days": 366}, "grace_days is 0 to 365."),
        (PRODUCT, {"ref": ""}, f"ref {CHARACTERS}"),
        (PRODUCT, {"ref": "a\tb"}, f"ref {CHARACTERS}"),
        (PRODUCT, {"tenant": ""}, "tenant has 1 to 40 characters that can be shown."),
        (PRODUCT, {"price": None}, "price and currency come together."),
        (PRODUCT, {"currency": "XXQ"}, "XXQ is not a currency code of ISO 4217."),
        (PRODUCT, {"price": -1}, "price is 0 to 1,000,000,000,000,000 minor units."),
        (CUSTOMER, {"name": "\u202etxt.exe"}, "name has 1 to 200 characters that can be shown."),
        (CUSTOMER, {"name": "\u200d\u200d"}, "name has 1 to 200 characters that can be shown."),
        (CUSTOMER, {"name": "a\x00b"}, "name has 1 to 200 characters that can be shown."),
        (CUSTOMER, {"created_at": AT + timedelta(minutes=5, seconds=1)}, "created_at is in the future."),
        (CUSTOMER, {"updated_at": AT + timedelta(days=1)}, "updated_at is in the future."),
        (CUSTOMER, {"created_at": AT, "updated_at": AT - timedelta(seconds=1)}, "updated_at is before created_at."),
        (LINE, {"ref": ""}, f"ref {CHARACTERS}"),
        (LINE, {"order": "x" * 81}, f"order {CHARACTERS}"),
        (LINE, {"product": ""}, f"product {CHARACTERS}"),
        (LINE, {"quantity": 0}, "quantity is 1 to 1,000,000,000."),
        (LINE, {"amount": LARGEST + 1}, "amount is 0 to 1,000,000,000,000,000 minor units."),
        (ITEM, {"tenant": ""}, "tenant has 1 to 40 characters that can be shown."),
        (ITEM, {"quantity": 1_000_000_001}, "quantity is 1 to 1,000,000,000."),
        (ITEM, {"customer": ""}, f"customer {CHARACTERS}"),
        (ITEM, {"product": "\n"}, f"product {CHARACTERS}"),
    ],
)
def test_what_can_not_be_is_said(row: GivenRow, other: dict[str, Any], sentence: str) -> None:
    assert problem(replace(row, **other), AT) == sentence
