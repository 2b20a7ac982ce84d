"""Paystack's refunds: every request is a refund of its own, as long as there is money left to give back."""

import uuid
from collections.abc import Callable

from flask import Response, request

from webapp import clock
from webapp.sandbox.core.auth_and_faults import Wrong
from webapp.sandbox.core.request_inputs import parse_int, request_body
from webapp.sandbox.core.sandbox import Sandbox, current
from webapp.sandbox.core.store import Data, Thing
from webapp.sandbox.paystack import charges, serializers, strangers
from webapp.sandbox.paystack.envelope import PROVIDER, PaystackWrong, blueprint, respond
from webapp.sandbox.paystack.pagination import listed
from webapp.sandbox.webhooks import sender as webhook_sender

KIND = "paystack.refund"
OUTCOMES = ("pending", "processing", "processed", "failed", "needs-attention")
_NOBODY = "\0"
_LEAST = 100
"""Sub-units that one refund gives back at least."""
_PROCESS = "paystack.process_refund"


@blueprint.post("/refund")
def refund() -> Response:
    """Give money back for a transaction."""
    body, sandbox = request_body(), current()
    if not body.get("transaction"):
        raise Wrong(400, "Transaction reference is required", "missing_params")
    amount = parse_int(body.get("amount"))
    if body.get("amount") is not None and amount is None:
        raise Wrong(400, "Amount must be a whole number of the smallest unit", "invalid_params")
    if amount is not None and amount < _LEAST:
        unit = f"{body.get('currency') or 'NGN'}1.00"
        raise Wrong(400, f"The minimum amount you may send in a single refund at this time is: {unit}")
    thing, paid = make(sandbox, str(body["transaction"]), body)
    return respond("Refund has been queued for processing", serializers.refund_made(thing, paid))


@blueprint.get("/refund")
def refunds() -> Response:
    """Every refund, or those of one transaction by its number; by its reference none, as Paystack answers."""
    body = request.args.get("transaction")
    is_number = body is not None and body.isascii() and body.isdigit()
    parent = charges.reference_argument("transaction") if body is None or is_number else _NOBODY
    others = [] if parent == _NOBODY else strangers.refunds()
    return listed("Refunds retrieved", KIND, _shown, others, parent=parent, as_text=True)


@blueprint.get("/refund/<int:number>")
def refund_fetch(number: int) -> Response:
    """A refund by its number."""
    return respond("Refund retrieved", _shown(found(current(), str(number))))


@blueprint.post("/refund/retry_with_customer_details/<int:number>")
def refund_retry(number: int) -> Response:
    """Try again with an account of the customer; only while it needs attention."""
    thing = found(current(), str(number))
    if thing.data["status"] != "needs-attention":
        message = 'Invalid Refund state, refund status should be "needs-attention"'
        step = "Ensure that the value(s) you're passing are valid."
        raise PaystackWrong(422, message, "invalid_params", step=step)
    return respond(
        "Refund retried and has been queued for processing", _shown(end(current(), str(number), "processing"))
    )


def make(sandbox: Sandbox, reference: str, body: Data) -> tuple[Thing, Thing]:
    """A new refund of a transaction, told and under way. Raises Wrong when there is less left than is asked."""
    with sandbox.store.writing():
        paid = charges.found(sandbox, reference)
        thing = _made(sandbox, paid, body)
    sandbox.delayed_tasks.plan(_PROCESS, {"key": thing.key}, after=sandbox.options.refund_seconds)
    _send_webhook(sandbox, thing, paid)
    return thing, paid


def by_hand(sandbox: Sandbox, reference: str, body: Data) -> Thing:
    """One that somebody makes in the dashboard, processed at once."""
    return end(sandbox, str(make(sandbox, reference, body)[0].number), "processed")


def found(sandbox: Sandbox, reference: str) -> Thing:
    """A refund by its number or its own reference. Raises Wrong."""
    thing = sandbox.store.get(KIND, reference) or sandbox.store.numbered(KIND, parse_int(reference) or 0)
    if thing is None:
        raise Wrong(404, "Refund not found", "refund_not_found")
    return thing


def end(sandbox: Sandbox, reference: str, outcome: str) -> Thing:
    """Let a refund be so, and tell of it; a transaction that was given back whole is reversed."""
    if outcome not in OUTCOMES:
        raise Wrong(400, f"A refund is one of {', '.join(OUTCOMES)}", "invalid_params")
    with sandbox.store.writing():
        thing = found(sandbox, reference)
        thing.data |= {"status": outcome, "refunded_at": clock.now().timestamp() if outcome == "processed" else None}
        sandbox.store.save(thing)
        paid = charges.found(sandbox, thing.parent)
        _reverse(sandbox, paid)
    if outcome == "processing":
        sandbox.delayed_tasks.plan(_PROCESS, {"key": thing.key}, after=sandbox.options.refund_seconds)
    _send_webhook(sandbox, thing, paid)
    return thing


def take(sandbox: Sandbox, dispute: Thing, is_taken: bool) -> None:
    """What a bank takes of a transaction is a refund that names its dispute, until the bank gives it back."""
    key = f"DIS_{dispute.number}"
    thing = sandbox.store.get(KIND, key)
    if thing is None and is_taken:
        paid = charges.found(sandbox, dispute.parent)
        taken = {"amount": dispute.data["refund_amount"], "currency": paid.data["currency"], "dispute": dispute.number}
        thing = sandbox.store.add(KIND, key, taken | {"status": "processed"}, parent=paid.key)
    if thing is not None:
        thing.data["status"] = "processed" if is_taken else "failed"
        sandbox.store.save(thing)
        _reverse(sandbox, charges.found(sandbox, dispute.parent))


def left_of(sandbox: Sandbox, paid: Thing) -> int:
    """What of a transaction was not given back."""
    return int(paid.data["amount"] - sum(_amounts(sandbox, paid, lambda status: status != "failed")))


def register(sandbox: Sandbox) -> None:
    """Let refunds be processed by themselves."""
    sandbox.delayed_tasks.on(_PROCESS, lambda task: _process(sandbox, task["key"]))


def _amounts(sandbox: Sandbox, paid: Thing, counts: Callable[[str], bool]) -> list[int]:
    return [each.data["amount"] for each in sandbox.store.listed(KIND, parent=paid.key) if counts(each.data["status"])]


def _reverse(sandbox: Sandbox, paid: Thing) -> None:
    """A transaction that went back whole is reversed, and paid again when the bank gives some of it back."""
    gone = sum(_amounts(sandbox, paid, lambda status: status == "processed"))
    if paid.data["status"] in ("success", "reversed"):
        paid.data["status"] = "reversed" if gone >= paid.data["amount"] else "success"
        sandbox.store.save(paid)


def _made(sandbox: Sandbox, paid: Thing, body: Data) -> Thing:
    left = left_of(sandbox, paid)
    if paid.data["status"] == "reversed" or (paid.data["status"] == "success" and left <= 0):
        step = "Ensure that the transaction hasn't been reversed"
        message = "Transaction has been fully reversed"
        raise PaystackWrong(400, message, "transaction_reversed", step=step, kind="api_error")
    if paid.data["status"] != "success":
        raise Wrong(400, "Transaction has not been paid")
    amount = parse_int(body.get("amount")) or left
    currency = str(body.get("currency") or paid.data["currency"])
    if currency != paid.data["currency"]:
        raise Wrong(400, "Transaction currency must match refund currency")
    if amount > left:
        raise Wrong(400, "Total refund amount cannot exceed original transaction amount")
    notes = {name: str(body.get(name) or "") for name in ("customer_note", "merchant_note")}
    dispute = {"dispute": body["dispute"]} if body.get("dispute") else {}
    requested = {"status": "pending", "amount": amount, "currency": currency} | notes | dispute
    made = sandbox.store.add(KIND, f"RFD_{uuid.uuid4().hex[:16]}", requested, parent=paid.key)
    assert made is not None
    return made


def _process(sandbox: Sandbox, key: str) -> None:
    thing = sandbox.store.get(KIND, key)
    if thing and thing.data["status"] in ("pending", "processing"):
        end(sandbox, key, "processed")


def _send_webhook(sandbox: Sandbox, thing: Thing, paid: Thing) -> None:
    webhook_sender.emit(
        sandbox, PROVIDER, {"event": f"refund.{thing.data['status']}", "data": serializers.refund_event(thing, paid)}
    )


def _shown(thing: Thing) -> Data:
    return serializers.refund(thing, charges.found(current(), thing.parent))
