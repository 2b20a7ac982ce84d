"""Paystack's transfers: recipients, a balance, and one effect for one reference."""

import hashlib
import uuid

from flask import Response

from webapp import clock
from webapp.sandbox.core.auth_and_faults import Wrong
from webapp.sandbox.core.request_inputs import parse_int, request_body
from webapp.sandbox.core.sandbox import Sandbox, current
from webapp.sandbox.core.store import Data, Thing
from webapp.sandbox.paystack import serializers, strangers
from webapp.sandbox.paystack.envelope import CURRENCIES, PROVIDER, PaystackWrong, blueprint, respond
from webapp.sandbox.paystack.pagination import listed
from webapp.sandbox.webhooks import sender as webhook_sender

KIND, RECIPIENT, BALANCE = "paystack.transfer", "paystack.recipient", "paystack.balance"
RECIPIENT_TYPES = (
    "nuban",
    "ghipss",
    "mobile_money",
    "basa",
    "authorization",
    "kepss",
    "mobile_money_business",
)
_ACCOUNT = ("type", "account_number", "bank_code", "currency", "account_reference")
OUTCOMES = ("success", "failed", "reversed", "pending", "otp", "received", "abandoned", "blocked", "rejected")
_GIVEN_BACK = ("failed", "reversed", "abandoned", "blocked", "rejected")
_OPENING_BALANCE = 10**13
_SETTLE = "paystack.settle"


@blueprint.post("/transferrecipient")
def transferrecipient() -> Response:
    """Whom money goes to; the same account again is the same recipient."""
    body, sandbox = request_body(), current()
    requested = {name: str(body.get(name) or "") for name in ("type", "name", "account_number", "bank_code")}
    requested["currency"] = str(body.get("currency") or "NGN")
    requested["account_reference"] = str(body.get("account_reference") or "")
    for name in ("name", "account_number"):
        if not requested[name]:
            raise Wrong(400, f"{name} is required", "missing_params")
    if requested["type"] not in RECIPIENT_TYPES:
        raise Wrong(400, "Invalid transfer recipient type", "invalid_params")
    return respond(
        "Transfer recipient created successfully", serializers.recipient(_recipient(sandbox, requested)), status=201
    )


@blueprint.post("/transfer")
def transfer() -> Response:
    """Send money once. It is only queued, and answered with whatever status the options say; a reference is used once,
    and the same transfer under it is refused.
    """
    body, sandbox = request_body(), current()
    amount, currency = parse_int(body.get("amount")), str(body.get("currency") or "NGN")
    if body.get("source") != "balance":
        raise Wrong(400, "Transfer source must be balance", "invalid_params")
    if amount is None:
        raise Wrong(400, "Invalid amount passed", "invalid_params")
    if currency not in CURRENCIES:
        raise Wrong(400, "Currency not supported by merchant", "unsupported_currency")
    recipient, reference = str(body.get("recipient") or ""), str(body.get("reference") or uuid.uuid4().hex)
    known = sandbox.store.get(RECIPIENT, recipient)
    if known is None or known.data.get("is_deleted"):
        step = "Provide a valid recipient. Ensure you are passing the recipient code in the recipient param"
        raise PaystackWrong(400, "Recipient specified is invalid", "invalid_transfer_recipient", step=step)
    requested = {
        "amount": amount,
        "currency": currency,
        "recipient": recipient,
        "reason": str(body.get("reason") or ""),
    }
    with sandbox.store.writing():
        thing = _made(sandbox, reference, requested)
    sandbox.delayed_tasks.plan(_SETTLE, {"reference": reference}, after=sandbox.options.settle_seconds)
    message = (
        "Transfer requires OTP to continue" if sandbox.options.transfer_answer == "otp" else "Transfer has been queued"
    )
    return respond(message, serializers.transfer(thing) | {"status": sandbox.options.transfer_answer})


@blueprint.get("/transfer/verify/<path:reference>")
def transfer_verify(reference: str) -> Response:
    """What became of a transfer."""
    return respond("Transfer retrieved", _shown(found(current(), reference)))


@blueprint.get("/transfer")
def transfers() -> Response:
    """Every transfer."""
    return listed("Transfers retrieved", KIND, _shown, strangers.transfers())


@blueprint.get("/balance")
def balance() -> Response:
    """What can be sent, per currency."""
    sandbox = current()
    return respond(
        "Balances retrieved", [{"currency": each, "balance": balance_of(sandbox, each)} for each in CURRENCIES]
    )


def found(sandbox: Sandbox, reference: str) -> Thing:
    """A transfer by its reference. Raises Wrong."""
    thing = sandbox.store.get(KIND, reference)
    if thing is None:
        raise Wrong(404, "Transfer not found")
    return thing


def balance_of(sandbox: Sandbox, currency: str) -> int:
    """What can be sent, in minor units."""
    thing = sandbox.store.get(BALANCE, currency)
    return int(thing.data["amount"]) if thing else _OPENING_BALANCE


def set_balance(sandbox: Sandbox, currency: str, amount: int) -> None:
    """Let so much be there to send."""
    thing = sandbox.store.add(BALANCE, currency, {"amount": amount}) or sandbox.store.get(BALANCE, currency)
    assert thing is not None
    thing.data["amount"] = amount
    sandbox.store.save(thing)


def settle(sandbox: Sandbox, reference: str, outcome: str) -> Thing:
    """Let a transfer end so, and tell of it; what did not arrive is back in the balance."""
    if outcome not in OUTCOMES:
        raise Wrong(400, f"A transfer ends as one of {', '.join(OUTCOMES)}", "invalid_params")
    with sandbox.store.writing():
        thing = found(sandbox, reference)
        before, thing.data["status"] = thing.data["status"], outcome
        thing.data["updated_at"] = clock.now().timestamp()
        sandbox.store.save(thing)
        back = (outcome in _GIVEN_BACK) - (before in _GIVEN_BACK)
        currency = thing.data["currency"]
        set_balance(sandbox, currency, balance_of(sandbox, currency) + back * thing.data["amount"])
    if outcome in ("success", "failed", "reversed"):
        event = {"event": f"transfer.{outcome}", "data": _shown(thing, sandbox)}
        webhook_sender.emit(sandbox, PROVIDER, event, success_again=event if outcome == "success" else None)
    return thing


def register(sandbox: Sandbox) -> None:
    """Let transfers settle by themselves."""
    sandbox.delayed_tasks.on(_SETTLE, lambda task: _settle_pending(sandbox, task["reference"]))


def forget_recipients(sandbox: Sandbox) -> int:
    """Delete every recipient, as somebody may in the dashboard; the same account gets a new code. Says how many."""
    with sandbox.store.writing():
        known = [each for each in sandbox.store.listed(RECIPIENT) if not each.data.get("is_deleted")]
        for each in known:
            each.data["is_deleted"] = True
            sandbox.store.save(each)
    return len(known)


def _recipient(sandbox: Sandbox, requested: Data) -> Thing:
    """The one of this account; a deleted one is not made again under its code."""
    account, tries = "|".join(str(requested[name]) for name in _ACCOUNT), 0
    while True:
        code = f"RCP_{hashlib.sha256(f'{account}|{tries}'.encode()).hexdigest()[:16]}"
        thing = sandbox.store.add(RECIPIENT, code, requested) or sandbox.store.get(RECIPIENT, code)
        if thing is not None and not thing.data.get("is_deleted"):
            return thing
        tries += 1


def _made(sandbox: Sandbox, reference: str, requested: Data) -> Thing:
    if not sandbox.options.may_pay_out:
        raise Wrong(400, "You cannot initiate third party payouts as a starter business", "transfer_unavailable")
    if sandbox.store.get(KIND, reference) is not None:
        message = "Please provide a unique reference. Reference already exists on a transfer"
        raise Wrong(400, message, "duplicate_transfer_reference")
    left = balance_of(sandbox, requested["currency"]) - requested["amount"]
    if left < 0:
        raise Wrong(400, "Your balance is not enough to fulfil this request", "insufficient_balance")
    set_balance(sandbox, requested["currency"], left)
    status = "otp" if sandbox.options.transfer_answer == "otp" else "pending"
    made = sandbox.store.add(KIND, reference, requested | {"status": status})
    assert made is not None
    return made


def _settle_pending(sandbox: Sandbox, reference: str) -> None:
    thing = sandbox.store.get(KIND, reference)
    if thing and thing.data["status"] == "pending":
        settle(sandbox, reference, "success")


def _shown(thing: Thing, sandbox: Sandbox | None = None) -> Data:
    return serializers.transfer_in_full(thing, (sandbox or current()).store.get(RECIPIENT, thing.data["recipient"]))
