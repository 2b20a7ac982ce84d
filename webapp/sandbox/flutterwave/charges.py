"""Charges of v4: one for each idempotency key, and one for each reference."""

import uuid
from collections.abc import Callable

from flask import Response, request, url_for

from webapp import clock
from webapp.sandbox import webhooks
from webapp.sandbox.autopay import plan_autopay
from webapp.sandbox.books import Data, Thing
from webapp.sandbox.box import Box, here
from webapp.sandbox.flutterwave.amounts import major
from webapp.sandbox.flutterwave.lists import listed
from webapp.sandbox.flutterwave.manner import PROVIDER, said, v4
from webapp.sandbox.gate import Wrong
from webapp.sandbox.inputs import body, written

KIND = "flutterwave.charge"
_KEY = "flutterwave.key"
STATUSES = {"success": "succeeded", "failed": "failed", "abandoned": "pending", "pending": "pending"}


@v4.post("/charges")
def charge() -> Response:
    """Ask a buyer to pay; the same X-Idempotency-Key again is answered with the first answer."""
    return once(_charged)


@v4.get("/charges/<reference>")
def charge_fetch(reference: str) -> Response:
    """A charge by its id."""
    thing = _by_id(here(), reference)
    if thing is None:
        raise Wrong(404, "Charge not found")
    return said("Charge fetched", shape(thing))


@v4.get("/charges")
def charges() -> Response:
    """Every charge, or the one of a reference."""
    return listed("Charges fetched", KIND, shape, key=request.args.get("reference"))


def find(box: Box, reference: str) -> Thing | None:
    """A charge by its reference or its id."""
    return box.books.get(KIND, reference) or _by_id(box, reference)


def pay(box: Box, thing: Thing, outcome: str, changes: Data, *, webhook: bool) -> Thing:
    """Let a charge end so, and tell of it when it has ended."""
    with box.books.writing():
        thing.data |= {"status": STATUSES[outcome], "paid_at": clock.now().timestamp()} | changes
        box.books.save(thing)
    if webhook and thing.data["status"] != "pending":
        webhooks.emit(box, PROVIDER, _event(thing), success_again=_event(thing))
    return thing


def shape(thing: Thing) -> Data:
    """A charge as v4 shows it."""
    data = thing.data
    return {
        "id": f"chg_{thing.number}",
        "amount": data["amount"],
        "currency": data["currency"],
        "fees": [],
        "customer_id": data.get("customer_id"),
        "customer": data.get("customer"),
        "meta": data.get("meta") or {},
        "next_action": _next_action(thing),
        "payment_method_details": {"type": "card"},
        "redirect_url": data.get("redirect_url"),
        "reference": thing.key,
        "status": data["status"],
        "processor_response": {"type": data["status"], "code": "00" if data["status"] == "succeeded" else "99"},
        "created_datetime": written(thing.at),
    }


def _charged() -> tuple[int, Data]:
    asked, box = body(), here()
    currency, reference = str(asked.get("currency") or ""), str(asked.get("reference") or "")
    if not reference or not currency:
        raise Wrong(400, "reference and currency are required")
    kept = {name: asked.get(name) for name in ("customer_id", "customer", "meta", "redirect_url")}
    checkout = url_for("checkout.show", provider=PROVIDER, reference=reference, _external=True)
    wanted = {"status": "pending", "amount": major(asked.get("amount"), currency), "currency": currency} | kept
    thing = box.books.add(KIND, reference, wanted | {"checkout": checkout})
    if thing is None:
        raise Wrong(409, f"A charge with the reference {reference} exists already")
    plan_autopay(box, PROVIDER, reference)
    return 201, {"status": "success", "message": "Charge created", "data": shape(thing)}


def once(act: Callable[[], tuple[int, Data]]) -> Response:
    """The first answer of an X-Idempotency-Key, however often it is asked."""
    key, books = request.headers.get("X-Idempotency-Key"), here().books
    with books.writing():
        first = books.get(_KEY, key) if key else None
        status, answer = (first.data["status"], first.data["answer"]) if first else act()
        if key and not first:
            books.add(_KEY, key, {"status": status, "answer": answer})
    said_now = said(answer["message"], answer["data"], status=status)
    if first:
        said_now.headers["X-Idempotency-Cache-Hit"] = "true"
    return said_now


def _by_id(box: Box, identity: str) -> Thing | None:
    number = identity.removeprefix("chg_")
    return box.books.numbered(KIND, int(number)) if number.isdecimal() else None


def _event(thing: Thing) -> Data:
    at = int(clock.now().timestamp() * 1000)
    return {"id": f"wbk_{uuid.uuid4().hex[:20]}", "timestamp": at, "type": "charge.completed", "data": shape(thing)}


def _next_action(thing: Thing) -> Data | None:
    if thing.data["status"] != "pending":
        return None
    return {"type": "redirect_url", "redirect_url": {"url": thing.data.get("checkout", "")}}
