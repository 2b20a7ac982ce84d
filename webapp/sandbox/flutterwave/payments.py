"""v3's hosted links and the transactions that payers make at them: several may carry one tx_ref."""

from flask import Response, request, url_for

from webapp.sandbox.core.auth_and_faults import Wrong
from webapp.sandbox.core.autopay import plan_autopay
from webapp.sandbox.core.request_inputs import body, written
from webapp.sandbox.core.sandbox import Sandbox, current
from webapp.sandbox.core.store import Data, Thing
from webapp.sandbox.flutterwave import attempts, strangers
from webapp.sandbox.flutterwave.amounts import major, refundable
from webapp.sandbox.flutterwave.attempts import Kind
from webapp.sandbox.flutterwave.envelope import PROVIDER, V3, said, v3
from webapp.sandbox.flutterwave.pagination import listed
from webapp.sandbox.webhooks import sender as webhook_sender

PAYMENTS = Kind("flutterwave.link", "flutterwave.payment", "successful")
KIND, REFUND = PAYMENTS.attempt, "flutterwave.refund"
REFUND_OUTCOMES = ("pending", "completed", "completed-mpgs", "failed")
_NONE = "No transaction was found for this id"
_TASK = "flutterwave.end_refund_v3"


@v3.post("/payments")
def v3_payments() -> Response:
    """A link to pay at; the same tx_ref again is the same link."""
    asked, box = body(), current()
    reference, currency = str(asked.get("tx_ref") or ""), str(asked.get("currency") or "NGN")
    if not reference or not asked.get("redirect_url") or not asked.get("customer"):
        raise Wrong(400, "tx_ref, redirect_url and customer are required")
    kept = {name: asked.get(name) for name in ("redirect_url", "customer", "meta")}
    wanted = {"amount": major(asked.get("amount"), currency), "currency": currency} | kept
    if attempts.begun(box, PAYMENTS, reference, wanted):
        plan_autopay(box, PROVIDER, reference)
    link = url_for("checkout.show", provider=PROVIDER, reference=reference, _external=True)
    return said("Hosted Link", {"link": link})


@v3.post("/payments/link/disable")
def v3_link_disable() -> Response:
    """Let nobody pay at a link any more."""
    reference = str(body().get("link") or "").rpartition("/")[2]
    page = find(current(), reference)
    if page is None:
        raise Wrong(400, "Invalid link")
    page.data["disabled"] = True
    current().books.save(page)
    return said("Link disabled", None)


@v3.get("/transactions/verify_by_reference")
def v3_verify_by_reference() -> Response:
    """One transaction of a tx_ref: the first, however the later ones ended."""
    found = attempts.tried(current(), PAYMENTS, request.args.get("tx_ref", ""))
    if not found:
        raise Wrong(400, _NONE)
    return said("Transaction fetched successfully", shape(found[0]))


@v3.get("/transactions/<int:number>/verify")
def v3_verify(number: int) -> Response:
    """What became of a transaction."""
    return said("Transaction fetched successfully", shape(_numbered(number)))


@v3.get("/transactions")
def v3_transactions() -> Response:
    """Every transaction, or those of a tx_ref."""
    return listed("Transactions fetched", KIND, shape, strangers.transaction_v3(), parent=request.args.get("tx_ref"))


@v3.post("/transactions/<int:number>/refund")
def v3_refund(number: int) -> Response:
    """Give money back; every request is a refund of its own, as long as something is left."""
    box, paid = current(), _numbered(number)
    if _left(box, paid) <= 0:
        raise Wrong(409, "already refunded")
    made = _made(box, paid, body())
    box.agenda.plan(_TASK, {"key": made.key}, after=box.options.refund_seconds)
    return said("Transaction refund initiated", _begun(made, paid))


@v3.get("/refunds")
def v3_refunds() -> Response:
    """Every refund, whatever it is asked to be narrowed by."""
    return listed("Transaction refunds fetched", REFUND, _listed_refund, strangers.refund_v3())


def by_hand(box: Sandbox, paid: Thing, asked: Data) -> Thing:
    """A refund that somebody makes in the dashboard, done at once, which no webhook tells of."""
    return end_refund(box, _made(box, paid, asked), "completed-mpgs")


def end_refund(box: Sandbox, refund: Thing, outcome: str) -> Thing:
    """Let a refund be so. Raises Wrong for what none is."""
    if outcome not in REFUND_OUTCOMES:
        raise Wrong(400, f"A refund is one of {', '.join(REFUND_OUTCOMES)}")
    with box.books.writing():
        refund.data["status"] = outcome
        box.books.save(refund)
    return refund


def find(box: Sandbox, reference: str) -> Thing | None:
    """A link by its tx_ref."""
    return box.books.get(PAYMENTS.page, reference)


def pay(box: Sandbox, page: Thing, outcome: str, changes: Data, *, webhook: bool) -> Thing:
    """Let somebody try to pay, and tell of it when that has ended."""
    made = attempts.attempt(box, PAYMENTS, page, outcome, changes)
    if webhook and made.kind == KIND and made.data["status"] in ("successful", "failed"):
        event = _flat(made) if box.options.flat_webhooks else _wrapped(made)
        webhook_sender.emit(box, V3, event, success_again=event)
    return made


def register(box: Sandbox) -> None:
    """Let refunds go through by themselves."""
    box.agenda.on(_TASK, lambda task: _end_by_itself(box, task["key"]))


def shape(thing: Thing) -> Data:
    """A transaction as v3 shows it."""
    data = thing.data
    customer = data.get("customer") or {}
    return {
        "id": thing.number,
        "tx_ref": thing.parent,
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


def _numbered(number: int) -> Thing:
    thing = current().books.numbered(KIND, number)
    if thing is None:
        raise Wrong(400, _NONE)
    return thing


def _wrapped(thing: Thing) -> Data:
    return {"event": "charge.completed", "data": shape(thing), "event.type": "CARD_TRANSACTION"}


def _flat(thing: Thing) -> Data:
    """The form that many accounts get still: no event, no data, other names."""
    data = thing.data
    return {
        "id": thing.number,
        "txRef": thing.parent,
        "flwRef": f"FLW-MOCK-{thing.number}",
        "orderRef": f"URF_{thing.number}",
        "paymentPlan": None,
        "paymentPage": None,
        "createdAt": written(thing.at),
        "amount": data["amount"],
        "charged_amount": data["amount"],
        "status": data["status"],
        "IP": "127.0.0.1",
        "currency": data["currency"],
        "appfee": 0,
        "merchantfee": 0,
        "merchantbearsfee": 1,
        "charge_type": "normal",
        "entity": {"card6": "553188", "card_last4": "2950", "card_country_iso": "NG", "createdAt": written(thing.at)},
        "customer": {"id": 1, "email": (data.get("customer") or {}).get("email")},
        "event.type": "CARD_TRANSACTION",
    }


def _left(box: Sandbox, paid: Thing) -> float:
    given = [each.data["amount"] for each in box.books.listed(REFUND, parent=paid.key)]
    return float(paid.data["amount"]) - float(sum(given))


def _made(box: Sandbox, paid: Thing, asked: Data) -> Thing:
    with box.books.writing():
        wanted = refundable(box, REFUND, paid, asked, "successful") | {"comments": asked.get("comments", "")}
        number = len(box.books.listed(REFUND, parent=paid.key)) + 1
        data = wanted | {"status": "completed", "transaction": paid.number}
        made = box.books.add(REFUND, f"{paid.key}#{number}", data, parent=paid.key)
    assert made is not None
    return made


def _end_by_itself(box: Sandbox, key: str) -> None:
    thing = box.books.get(REFUND, key)
    if thing is not None and thing.data["status"] == "completed":
        end_refund(box, thing, "completed-mpgs")


def _begun(thing: Thing, paid: Thing) -> Data:
    """A refund as its own call answers, which names the transaction otherwise than the list does."""
    return {
        "id": thing.number,
        "account_id": 1,
        "tx_id": paid.number,
        "flw_ref": f"FLW-MOCK-{paid.number}",
        "wallet_id": 1,
        "amount_refunded": thing.data["amount"],
        "status": thing.data["status"],
        "destination": "payment_source",
        "meta": {"source": "availablebalance"},
        "created_at": written(thing.at),
    }


def _listed_refund(thing: Thing) -> Data:
    return {
        "id": thing.number,
        "amount_refunded": thing.data["amount"],
        "status": thing.data["status"],
        "flw_ref": f"FLW-MOCK-{thing.data['transaction']}",
        "comment": thing.data["comments"],
        "settlement_id": "NEW",
        "meta": "{}",
        "created_at": written(thing.at),
        "account_id": 1,
        "transaction_id": thing.data["transaction"],
    }
