"""Paystack's transactions: started, paid or not, asked for and listed."""

import uuid

from flask import Response, request, url_for

from webapp import clock
from webapp.sandbox.core.auth_and_faults import Wrong
from webapp.sandbox.core.autopay import plan_autopay
from webapp.sandbox.core.request_inputs import parse_int, request_body
from webapp.sandbox.core.sandbox import Sandbox, current
from webapp.sandbox.core.store import Data, Thing
from webapp.sandbox.paystack import serializers, strangers
from webapp.sandbox.paystack.envelope import CURRENCIES, PROVIDER, PaystackWrong, blueprint, respond
from webapp.sandbox.paystack.pagination import listed
from webapp.sandbox.webhooks import sender as webhook_sender

KIND = "paystack.transaction"
OUTCOMES = ("success", "failed", "abandoned", "pending", "ongoing", "processing", "queued", "reversed")
_FEE_PERCENT = 1.5
_UNKNOWN = "Transaction reference not found"


@blueprint.post("/transaction/initialize")
def initialize() -> Response:
    """A checkout under a reference that nobody used before."""
    body, sandbox = request_body(), current()
    amount, currency = parse_int(body.get("amount")), str(body.get("currency") or "NGN")
    _require_startable(str(body.get("email") or ""), amount, currency)
    reference = str(body.get("reference") or uuid.uuid4().hex[:16])
    kept = {name: body.get(name) for name in ("email", "callback_url", "metadata")}
    added = sandbox.store.add(KIND, reference, {"status": "abandoned", "amount": amount, "currency": currency} | kept)
    if added is None:
        step = "Try and create the Transaction or Charge with a new reference"
        message, code = "Duplicate Transaction Reference", "duplicate_reference"
        raise PaystackWrong(400, message, code, step=step, errorCodeMappingNotFound=False)
    plan_autopay(sandbox, PROVIDER, reference)
    checkout = url_for("checkout.show", provider=PROVIDER, reference=reference, _external=True)
    code = f"AC_{added.number}"
    return respond(
        "Authorization URL created", {"authorization_url": checkout, "access_code": code, "reference": reference}
    )


def _require_startable(email: str, amount: int | None, currency: str) -> None:
    """Raise what Paystack says of a checkout that can't be begun."""
    if not email:
        step = "Provide all required params"
        raise PaystackWrong(400, "Email Address is required", "missing_params", step=step)
    if "@" not in email:
        raise PaystackWrong(400, "Invalid Email Address Passed", "invalid_email_address", step=None)
    if not amount:
        raise Wrong(400, "Invalid Amount Sent")
    if currency not in CURRENCIES:
        step = "Ensure that the currency is enabled on your integration"
        raise PaystackWrong(403, "Currency not supported by merchant", "unsupported_currency", step=step)


@blueprint.get("/transaction/verify/<path:reference>")
def verify(reference: str) -> Response:
    """What became of a reference."""
    thing = current().store.get(KIND, reference)
    if thing is None:
        step = "Ensure that you're passing the reference of a transaction that exists on this integration"
        raise PaystackWrong(400, _UNKNOWN, "transaction_not_found", step=step)
    return respond("Verification successful", serializers.transaction(thing))


@blueprint.get("/transaction")
def transactions() -> Response:
    """Every transaction."""
    return listed("Transactions retrieved", KIND, serializers.transaction_listed, strangers.transactions())


@blueprint.get("/transaction/<int:number>")
def transaction(number: int) -> Response:
    """A transaction by its number."""
    thing = current().store.numbered(KIND, number)
    if thing is None:
        raise Wrong(404, "Transaction not found", "transaction_not_found")
    return respond("Transaction retrieved", serializers.transaction(thing))


def found(sandbox: Sandbox, reference: str) -> Thing:
    """A transaction by its reference, or by its number in text. Raises Wrong."""
    thing = sandbox.store.get(KIND, reference) or sandbox.store.numbered(KIND, parse_int(reference) or 0)
    if thing is None:
        raise Wrong(404, _UNKNOWN, "transaction_not_found")
    return thing


def pay(sandbox: Sandbox, reference: str, outcome: str, changes: Data, *, webhook: bool = True) -> Thing:
    """Let a transaction end so; only successes are told by webhook. `changes` may hold another amount or currency."""
    if outcome not in OUTCOMES:
        raise Wrong(400, f"A transaction ends as one of {', '.join(OUTCOMES)}", "invalid_params")
    with sandbox.store.writing():
        thing = found(sandbox, reference)
        thing.data.setdefault("requested_amount", thing.data["amount"])
        thing.data |= {"status": outcome} | changes
        if outcome == "success":
            thing.data |= {
                "paid_at": clock.now().timestamp(),
                "fees": int(thing.data["amount"] * _FEE_PERCENT / 100),
            }
        sandbox.store.save(thing)
    if webhook and outcome == "success":
        event = {"event": "charge.success", "data": serializers.transaction(thing)}
        webhook_sender.emit(sandbox, PROVIDER, event, success_again=event)
    return thing


def refuse_unless(value: object, message: str) -> str:
    """A text that must be there. Raises Wrong."""
    if not value:
        raise Wrong(400, message, "missing_params")
    return str(value)


def reference_argument(name: str) -> str | None:
    """A transaction's reference from the query, where it may also be its number."""
    given = request.args.get(name)
    return found(current(), given).key if given else None
