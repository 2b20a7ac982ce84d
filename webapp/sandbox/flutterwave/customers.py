"""Customers of v4: one for each email address."""

from flask import Response

from webapp.sandbox.core.auth_and_faults import Wrong
from webapp.sandbox.core.request_inputs import format_time, request_body
from webapp.sandbox.core.sandbox import current
from webapp.sandbox.core.store import Data, Thing
from webapp.sandbox.flutterwave.envelope import Invalid, respond, v4
from webapp.sandbox.flutterwave.idempotency import once

KIND = "flutterwave.customer"


@v4.post("/customers")
def customer() -> Response:
    """A payer; an address that is known already is refused."""
    return once(_made)


@v4.post("/customers/search")
def customers_search() -> Response:
    """The payer with an address."""
    found = current().store.get(KIND, str(request_body().get("email") or ""))
    return respond("Customers fetched", [_shown(found)] if found else [])


def known(identity: object) -> bool:
    """Whether there is a payer of this id."""
    number = str(identity or "").removeprefix("cus_")
    return number.isdecimal() and current().store.numbered(KIND, int(number)) is not None


def _made() -> tuple[int, Data]:
    email = str(request_body().get("email") or "")
    if "@" not in email:
        raise Invalid({"email": "email is required"})
    made = current().store.add(KIND, email, {})
    if made is None:
        raise Wrong(409, "Customer already exists")
    return 201, {"status": "success", "message": "Customer created", "data": _shown(made)}


def _shown(thing: Thing) -> Data:
    empty: Data = {"address": None, "name": None, "phone": None, "meta": {}}
    return {"id": f"cus_{thing.number}", "email": thing.key, "created_datetime": format_time(thing.at)} | empty
