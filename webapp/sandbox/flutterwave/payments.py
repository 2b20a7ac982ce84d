"""Payments of v3: a hosted link, which is no transaction before somebody tried to pay."""

from flask import Response, request, url_for

from webapp import clock
from webapp.sandbox import webhooks
from webapp.sandbox.autopay import plan_autopay
from webapp.sandbox.books import Data, Thing
from webapp.sandbox.box import Box, here
from webapp.sandbox.flutterwave.amounts import major, refundable
from webapp.sandbox.flutterwave.lists import listed
from webapp.sandbox.flutterwave.manner import PROVIDER, V3, said, v3
from webapp.sandbox.gate import Wrong
from webapp.sandbox.inputs import body, written

KIND, REFUND = "flutterwave.payment", "flutterwave.refund"
STATUSES = {"success": "successful", "failed": "failed", "abandoned": "abandoned", "pending": "pending"}
_LINK = "abandoned"
_NONE = "No transaction was found for this id"


@v3.post("/payments")
def v3_payments() -> Response:
    """A link to pay at; the same tx_ref again is the same link."""
    asked, box = body(), here()
    reference, currency = str(asked.get("tx_ref") or ""), str(asked.get("currency") or "NGN")
    if not reference or not asked.get("redirect_url") or not asked.get("customer"):
        raise Wrong(400, "tx_ref, redirect_url and customer are required")
    kept = {name: asked.get(name) for name in ("redirect_url", "customer", "meta")}
    wanted = {"status": _LINK, "amount": major(asked.get("amount"), currency), "currency": currency} | kept
    if box.books.add(KIND, reference, wanted):
        plan_autopay(box, PROVIDER, reference)
    link = url_for("checkout.show", provider=PROVIDER, reference=reference, _external=True)
    return said("Hosted Link", {"link": link})


@v3.get("/transactions/verify_by_reference")
def v3_verify_by_reference() -> Response:
    """What became of a tx_ref."""
    return said("Transaction fetched successfully", shape(_tried(find(here(), request.args.get("tx_ref", "")))))


@v3.get("/transactions/<int:number>/verify")
def v3_verify(number: int) -> Response:
    """What became of a transaction."""
    return said("Transaction fetched successfully", shape(_tried(here().books.numbered(KIND, number))))


@v3.get("/transactions")
def v3_transactions() -> Response:
    """Every transaction."""
    return listed("Transactions fetched", KIND, shape, key=request.args.get("tx_ref"), not_status=_LINK)


@v3.post("/transactions/<int:number>/refund")
def v3_refund(number: int) -> Response:
    """Give money back; every request is a refund of its own, as long as something is left."""
    paid = _tried(here().books.numbered(KIND, number))
    return said("Transaction refund initiated", _refund(give_back(here(), paid, body())))


@v3.get("/refunds")
def v3_refunds() -> Response:
    """Every refund."""
    return listed("Refunds fetched", REFUND, _refund)


def give_back(box: Box, paid: Thing, asked: Data) -> Thing:
    """A refund, also one by hand, which no webhook tells of. Raises Wrong when too little is left."""
    with box.books.writing():
        wanted = refundable(box, REFUND, paid, asked, "successful") | {"comments": asked.get("comments", "")}
        number = len(box.books.listed(REFUND, parent=paid.key)) + 1
        made = box.books.add(REFUND, f"{paid.key}#{number}", wanted | {"status": "completed"}, parent=paid.key)
    assert made is not None
    return made


def find(box: Box, reference: str) -> Thing | None:
    """A payment by its tx_ref, also one that nobody tried to pay."""
    return box.books.get(KIND, reference)


def pay(box: Box, thing: Thing, outcome: str, changes: Data, *, webhook: bool) -> Thing:
    """Let a payment end so, and tell of it when somebody tried."""
    with box.books.writing():
        thing.data |= {"status": STATUSES[outcome], "paid_at": clock.now().timestamp()} | changes
        box.books.save(thing)
    if webhook and thing.data["status"] in ("successful", "failed"):
        event = {"event": "charge.completed", "data": shape(thing), "event.type": "CARD_TRANSACTION"}
        webhooks.emit(box, V3, event, success_again=event)
    return thing


def shape(thing: Thing) -> Data:
    """A transaction as v3 shows it."""
    data = thing.data
    customer = data.get("customer") or {}
    return {
        "id": thing.number,
        "tx_ref": thing.key,
        "flw_ref": f"FLW-MOCK-{thing.number}",
        "device_fingerprint": "N/A",
        "amount": data["amount"],
        "currency": data["currency"],
        "charged_amount": data["amount"],
        "app_fee": 0,
        "merchant_fee": 0,
        "processor_response": "Approved" if data["status"] == "successful" else "Declined",
        "auth_model": "VBVSECURECODE",
        "ip": "127.0.0.1",
        "narration": "Sandbox",
        "status": data["status"],
        "payment_type": "card",
        "created_at": written(thing.at),
        "account_id": 1,
        "meta": data.get("meta"),
        "amount_settled": data["amount"],
        "customer": {"id": 1, "name": None, "phone_number": None, "email": None, "created_at": written(thing.at)}
        | customer,
        "card": {"first_6digits": "553188", "last_4digits": "2950", "type": "MASTERCARD", "expiry": "09/30"},
    }


def _tried(thing: Thing | None) -> Thing:
    if thing is None or thing.data["status"] == _LINK:
        raise Wrong(400, _NONE)
    return thing


def _refund(thing: Thing) -> Data:
    paid = here().books.get(KIND, thing.parent)
    number = paid.number if paid else 0
    return {
        "id": thing.number,
        "account_id": 1,
        "transaction_id": number,
        "tx_ref": thing.parent,
        "flw_ref": f"FLW-MOCK-{number}",
        "wallet_id": 1,
        "amount_refunded": thing.data["amount"],
        "status": thing.data["status"],
        "destination": "payment_source",
        "comments": thing.data["comments"],
        "meta": {"source": "availablebalance"},
        "created_at": written(thing.at),
    }
