"""v4's hosted pages and the charges that payers make at them: several may carry one reference."""

import uuid

from flask import Response, request, url_for

from webapp import clock
from webapp.sandbox.core.autopay import plan_autopay
from webapp.sandbox.core.request_inputs import format_time, request_body
from webapp.sandbox.core.sandbox import Sandbox, current
from webapp.sandbox.core.store import Data, Thing
from webapp.sandbox.flutterwave import attempts, customers, strangers
from webapp.sandbox.flutterwave.amounts import major
from webapp.sandbox.flutterwave.attempts import Kind
from webapp.sandbox.flutterwave.envelope import PROVIDER, Absent, Duplicate, Invalid, respond, v4
from webapp.sandbox.flutterwave.idempotency import once
from webapp.sandbox.flutterwave.pagination import listed
from webapp.sandbox.webhooks import sender as webhook_sender

CHARGES = Kind("flutterwave.session", "flutterwave.charge", "succeeded")
KIND = CHARGES.attempt
_REFERENCE = range(6, 43)


@v4.post("/checkout/sessions")
def checkout_session() -> Response:
    """A page to pay at; the same X-Idempotency-Key again is answered with the first answer."""
    return once(_session)


@v4.post("/charges")
def charge() -> Response:
    """A charge of a known payment method, which the sandbox keeps none of: refused, as without one."""
    requested = ("customer_id", "payment_method_id")
    missing = {name: f"{name} is required" for name in requested if not request_body().get(name)}
    raise Invalid(missing or {"payment_method_id": "payment_method_id is not known"})


@v4.get("/charges/<identity>")
def charge_fetch(identity: str) -> Response:
    """A charge by its id."""
    thing = by_id(current(), identity)
    if thing is None:
        raise Absent("CHARGE_NOT_FOUND", "1110404", "Charge not found")
    return respond("Charge fetched", shape(thing))


@v4.get("/charges")
def charges() -> Response:
    """Every charge, or those of a reference."""
    return listed("Charges fetched", KIND, shape, strangers.charge_v4(), parent=request.args.get("reference"))


def find(sandbox: Sandbox, reference: str) -> Thing | None:
    """A page by its reference."""
    return sandbox.store.get(CHARGES.page, reference)


def by_id(sandbox: Sandbox, identity: str) -> Thing | None:
    """A charge by its id."""
    number = identity.removeprefix("chg_")
    return sandbox.store.numbered(KIND, int(number)) if number.isdecimal() else None


def pay(sandbox: Sandbox, page: Thing, outcome: str, changes: Data, *, webhook: bool) -> Thing:
    """Let somebody try to pay, and tell of it when that has ended."""
    made = attempts.attempt(sandbox, CHARGES, page, outcome, changes)
    if webhook and made.kind == KIND and made.data["status"] != "pending":
        webhook_sender.emit(sandbox, PROVIDER, _event(made), success_again=_event(made))
    return made


def shape(thing: Thing) -> Data:
    """A charge as v4 shows it."""
    data = thing.data
    done = data["status"] == "succeeded"
    more: Data = {"next_action": {"type": "requires_pin"}} if data["status"] == "pending" else {}
    more |= {"redirect_url": data["redirect_url"]} if data.get("redirect_url") else {}
    return more | {
        "id": f"chg_{thing.number}",
        "amount": data["amount"],
        "currency": data["currency"],
        "fees": [{"type": "vat", "amount": 0}, {"type": "app", "amount": 0}],
        "customer_id": data.get("customer_id"),
        "settled": done,
        "settlement_id": ["stm_1"] if done else [],
        "meta": data.get("meta") or {},
        "payment_method_details": {"type": "card", "card": {}, "id": "pmd_1", "meta": {}},
        "reference": thing.parent,
        "status": data["status"],
        "processor_response": {"type": "approved" if done else data["status"], "code": "00" if done else "05"},
        "created_datetime": format_time(thing.at),
    }


def _session() -> tuple[int, Data]:
    body, sandbox = request_body(), current()
    currency, reference = str(body.get("currency") or ""), str(body.get("reference") or "")
    wrong = {name: f"{name} is required" for name in ("amount", "currency", "customer_id") if not body.get(name)}
    if len(reference) not in _REFERENCE:
        wrong["reference"] = "reference must have 6 to 42 characters"
    if "customer_id" not in wrong and not customers.known(body["customer_id"]):
        wrong["customer_id"] = "customer_id is not known"
    if wrong:
        raise Invalid(wrong)
    address = url_for("checkout.show", provider=PROVIDER, reference=reference, _external=True)
    names = ("customer_id", "redirect_url", "session_duration", "max_retry_attempts")
    data = {"amount": major(body["amount"], currency), "currency": currency} | {n: body.get(n) for n in names}
    page = attempts.begun(sandbox, CHARGES, reference, data)
    if page is None:
        raise Duplicate("Reference already exists")
    plan_autopay(sandbox, PROVIDER, reference)
    shown = {"id": f"cks_{page.number}", "reference": reference, "checkout_url": address} | data
    shown["created_datetime"] = format_time(page.at)
    return 200, {"status": "success", "message": "Checkout session created", "data": shown}


def _event(thing: Thing) -> Data:
    at = int(clock.now().timestamp() * 1000)
    envelope = {"webhook_id": f"wbk_{uuid.uuid4().hex[:20]}", "timestamp": at, "type": "charge.completed"}
    return envelope | {"data": _webhook_charge(thing)}


def _webhook_charge(thing: Thing) -> Data:
    """A charge as its webhook shows it: the payer and the method whole, no fees and no settlement."""
    shown = shape(thing)
    names = ("id", "amount", "currency", "meta", "reference", "status", "processor_response", "created_datetime")
    payer = {"id": shown["customer_id"], "address": None, "email": None, "name": None, "phone": None, "meta": {}}
    method = shown["payment_method_details"] | {"customer_id": None, "device_fingerprint": None, "client_ip": None}
    more = {"customer": payer, "description": None, "payment_method": method}
    return {name: shown[name] for name in names} | more | {"redirect_url": shown.get("redirect_url")}
