"""v3's hosted links and the transactions that payers make at them: several may carry one tx_ref."""

from flask import Response, request, url_for

from webapp.sandbox.core.auth_and_faults import Wrong
from webapp.sandbox.core.autopay import plan_autopay
from webapp.sandbox.core.request_inputs import format_time, request_body
from webapp.sandbox.core.sandbox import Sandbox, current
from webapp.sandbox.core.store import Data, Thing
from webapp.sandbox.flutterwave import attempts, strangers
from webapp.sandbox.flutterwave.amounts import major, refundable
from webapp.sandbox.flutterwave.attempts import Kind
from webapp.sandbox.flutterwave.envelope import PROVIDER, V3, respond, v3
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
    body, sandbox = request_body(), current()
    reference, currency = str(body.get("tx_ref") or ""), str(body.get("currency") or "NGN")
    if not reference or not body.get("redirect_url") or not body.get("customer"):
        raise Wrong(400, "tx_ref, redirect_url and customer are required")
    kept = {name: body.get(name) for name in ("redirect_url", "customer", "meta")}
    requested = {"amount": major(body.get("amount"), currency), "currency": currency} | kept
    if attempts.begun(sandbox, PAYMENTS, reference, requested):
        plan_autopay(sandbox, PROVIDER, reference)
    link = url_for("checkout.show", provider=PROVIDER, reference=reference, _external=True)
    return respond("Hosted Link", {"link": link})


@v3.post("/payments/link/disable")
def v3_link_disable() -> Response:
    """Let nobody pay at a link any more."""
    reference = str(request_body().get("link") or "").rpartition("/")[2]
    page = find(current(), reference)
    if page is None:
        raise Wrong(400, "Invalid link")
    page.data["disabled"] = True
    current().store.save(page)
    return respond("Link disabled", None)


@v3.get("/transactions/verify_by_reference")
def v3_verify_by_reference() -> Response:
    """One transaction of a tx_ref: the first, however the later ones ended."""
    found = attempts.tried(current(), PAYMENTS, request.args.get("tx_ref", ""))
    if not found:
        raise Wrong(400, _NONE)
    return respond("Transaction fetched successfully", shape(found[0]))


@v3.get("/transactions/<int:number>/verify")
def v3_verify(number: int) -> Response:
    """What became of a transaction."""
    return respond("Transaction fetched successfully", shape(_numbered(number)))


@v3.get("/transactions")
def v3_transactions() -> Response:
    """Every transaction, or those of a tx_ref."""
    return listed("Transactions fetched", KIND, shape, strangers.transaction_v3(), parent=request.args.get("tx_ref"))


@v3.post("/transactions/<int:number>/refund")
def v3_refund(number: int) -> Response:
    """Give money back; every request is a refund of its own, as long as something is left."""
    sandbox, paid = current(), _numbered(number)
    if _left(sandbox, paid) <= 0:
        raise Wrong(409, "already refunded")
    made = _made(sandbox, paid, request_body())
    sandbox.delayed_tasks.plan(_TASK, {"key": made.key}, after=sandbox.options.refund_seconds)
    return respond("Transaction refund initiated", _begun(made, paid))


@v3.get("/refunds")
def v3_refunds() -> Response:
    """Every refund, whatever it is asked to be narrowed by."""
    return listed("Transaction refunds fetched", REFUND, _listed_refund, strangers.refund_v3())


def by_hand(sandbox: Sandbox, paid: Thing, body: Data) -> Thing:
    """A refund that somebody makes in the dashboard, done at once, which no webhook tells of."""
    return end_refund(sandbox, _made(sandbox, paid, body), "completed-mpgs")


def end_refund(sandbox: Sandbox, refund: Thing, outcome: str) -> Thing:
    """Let a refund be so. Raises Wrong for what none is."""
    if outcome not in REFUND_OUTCOMES:
        raise Wrong(400, f"A refund is one of {', '.join(REFUND_OUTCOMES)}")
    with sandbox.store.writing():
        refund.data["status"] = outcome
        sandbox.store.save(refund)
    return refund


def find(sandbox: Sandbox, reference: str) -> Thing | None:
    """A link by its tx_ref."""
    return sandbox.store.get(PAYMENTS.page, reference)


def pay(sandbox: Sandbox, page: Thing, outcome: str, changes: Data, *, webhook: bool) -> Thing:
    """Let somebody try to pay, and tell of it when that has ended."""
    made = attempts.attempt(sandbox, PAYMENTS, page, outcome, changes)
    if webhook and made.kind == KIND and made.data["status"] in ("successful", "failed"):
        event = _flat(made) if sandbox.options.flat_webhooks else _wrapped(made)
        webhook_sender.emit(sandbox, V3, event, success_again=event)
    return made


def register(sandbox: Sandbox) -> None:
    """Let refunds go through by themselves."""
    sandbox.delayed_tasks.on(_TASK, lambda task: _end_by_itself(sandbox, task["key"]))


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
        "created_at": format_time(thing.at),
        "account_id": 1,
        "meta": data.get("meta"),
        "amount_settled": data["amount"],
        "customer": {"id": 1, "name": None, "phone_number": None, "email": None, "created_at": format_time(thing.at)}
        | customer,
        "card": {"first_6digits": "553188", "last_4digits": "2950", "type": "MASTERCARD", "expiry": "09/30"},
    }


def _numbered(number: int) -> Thing:
    thing = current().store.numbered(KIND, number)
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
        "createdAt": format_time(thing.at),
        "amount": data["amount"],
        "charged_amount": data["amount"],
        "status": data["status"],
        "IP": "127.0.0.1",
        "currency": data["currency"],
        "appfee": 0,
        "merchantfee": 0,
        "merchantbearsfee": 1,
        "charge_type": "normal",
        "entity": {
            "card6": "553188",
            "card_last4": "2950",
            "card_country_iso": "NG",
            "createdAt": format_time(thing.at),
        },
        "customer": {"id": 1, "email": (data.get("customer") or {}).get("email")},
        "event.type": "CARD_TRANSACTION",
    }


def _left(sandbox: Sandbox, paid: Thing) -> float:
    given = [each.data["amount"] for each in sandbox.store.listed(REFUND, parent=paid.key)]
    return float(paid.data["amount"]) - float(sum(given))


def _made(sandbox: Sandbox, paid: Thing, body: Data) -> Thing:
    with sandbox.store.writing():
        requested = refundable(sandbox, REFUND, paid, body, "successful") | {"comments": body.get("comments", "")}
        number = len(sandbox.store.listed(REFUND, parent=paid.key)) + 1
        data = requested | {"status": "completed", "transaction": paid.number}
        made = sandbox.store.add(REFUND, f"{paid.key}#{number}", data, parent=paid.key)
    assert made is not None
    return made


def _end_by_itself(sandbox: Sandbox, key: str) -> None:
    thing = sandbox.store.get(REFUND, key)
    if thing is not None and thing.data["status"] == "completed":
        end_refund(sandbox, thing, "completed-mpgs")


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
        "created_at": format_time(thing.at),
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
        "created_at": format_time(thing.at),
        "account_id": 1,
        "transaction_id": thing.data["transaction"],
    }
