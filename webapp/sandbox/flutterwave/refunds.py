"""Refunds of v4: parts of a charge that go back, asked for by the desk or made by hand."""

import uuid

from flask import Response

from webapp import clock
from webapp.sandbox import webhooks
from webapp.sandbox.books import Data, Thing
from webapp.sandbox.box import Box, here
from webapp.sandbox.flutterwave import charges
from webapp.sandbox.flutterwave.amounts import refundable
from webapp.sandbox.flutterwave.lists import listed
from webapp.sandbox.flutterwave.manner import PROVIDER, said, v4
from webapp.sandbox.gate import Wrong
from webapp.sandbox.inputs import body, written

KIND = "flutterwave.charge_refund"


@v4.post("/refunds")
def refund() -> Response:
    """Give a charge back; the same X-Idempotency-Key again is answered with the first answer."""
    return charges.once(_refunded)


@v4.get("/refunds")
def refunds() -> Response:
    """Every refund: the list is narrowed by time only."""
    return listed("Refunds fetched", KIND, _shown)


@v4.get("/refunds/<identity>")
def refund_fetch(identity: str) -> Response:
    """A refund by its id."""
    number = identity.removeprefix("rfd_")
    thing = here().books.numbered(KIND, int(number)) if number.isascii() and number.isdigit() else None
    if thing is None:
        raise Wrong(404, "Refund not found")
    return said("Refund fetched", _shown(thing))


def give_back(box: Box, paid: Thing, asked: Data) -> Thing:
    """A refund, told by its webhook. Raises Wrong when there is less left than is asked."""
    with box.books.writing():
        wanted = refundable(box, KIND, paid, asked, "succeeded") | {"reason": asked.get("reason", "")}
        made = box.books.add(KIND, uuid.uuid4().hex, wanted | {"status": "succeeded"}, parent=paid.key)
    assert made is not None
    at = int(clock.now().timestamp() * 1000)
    event = {"webhook_id": f"wbk_{made.key[:20]}", "timestamp": at, "type": "refund.completed"}
    webhooks.emit(box, PROVIDER, event | {"data": _shown(made, box)})
    return made


def _refunded() -> tuple[int, Data]:
    asked = body()
    paid = charges.find(here(), str(asked.get("charge_id") or ""))
    if paid is None:
        raise Wrong(404, "Charge not found")
    return 201, {"status": "success", "message": "Refund created", "data": _shown(give_back(here(), paid, asked))}


def _shown(thing: Thing, box: Box | None = None) -> Data:
    paid = (box or here()).books.get(charges.KIND, thing.parent)
    return {
        "id": f"rfd_{thing.number}",
        "amount_refunded": thing.data["amount"],
        "meta": {},
        "reason": thing.data["reason"],
        "status": thing.data["status"],
        "charge_id": f"chg_{paid.number}" if paid else "",
        "created_datetime": written(thing.at),
    }
