"""Paystack's transfers: recipients, a balance, and one effect for one reference."""

import hashlib
import uuid

from flask import Response

from webapp import clock
from webapp.sandbox import webhooks
from webapp.sandbox.books import Data, Thing
from webapp.sandbox.box import Box, here
from webapp.sandbox.gate import Wrong
from webapp.sandbox.inputs import body, whole
from webapp.sandbox.paystack import shapes
from webapp.sandbox.paystack.lists import listed
from webapp.sandbox.paystack.manner import CURRENCIES, PROVIDER, blueprint, said

KIND, RECIPIENT, BALANCE = "paystack.transfer", "paystack.recipient", "paystack.balance"
OUTCOMES = ("success", "failed", "reversed", "pending", "otp", "received", "abandoned", "blocked", "rejected")
_GIVEN_BACK = ("failed", "reversed", "abandoned", "blocked", "rejected")
_OPENING_BALANCE = 10**13
_SETTLE = "paystack.settle"


@blueprint.post("/transferrecipient")
def transferrecipient() -> Response:
    """Whom money goes to; the same account again is the same recipient."""
    asked, box = body(), here()
    wanted = {name: str(asked.get(name) or "") for name in ("type", "name", "account_number", "bank_code")}
    wanted["currency"] = str(asked.get("currency") or "NGN")
    for name in ("name", "account_number"):
        if not wanted[name]:
            raise Wrong(400, f"{name} is required", "missing_params")
    account = "|".join(wanted[name] for name in ("type", "account_number", "bank_code", "currency"))
    code = f"RCP_{hashlib.sha256(account.encode()).hexdigest()[:16]}"
    thing = box.books.add(RECIPIENT, code, wanted) or box.books.get(RECIPIENT, code)
    assert thing is not None
    return said("Transfer recipient created successfully", shapes.recipient(thing), status=201)


@blueprint.post("/transfer")
def transfer() -> Response:
    """Send money once; the same transfer under the same reference is the first one."""
    asked, box = body(), here()
    amount, currency = whole(asked.get("amount")), str(asked.get("currency") or "NGN")
    if asked.get("source") != "balance":
        raise Wrong(400, "Transfer source must be balance", "invalid_params")
    if amount is None:
        raise Wrong(400, "Invalid amount passed", "invalid_params")
    if currency not in CURRENCIES:
        raise Wrong(400, "Currency not supported by merchant", "unsupported_currency")
    recipient, reference = str(asked.get("recipient") or ""), str(asked.get("reference") or uuid.uuid4().hex)
    if box.books.get(RECIPIENT, recipient) is None:
        raise Wrong(400, "Recipient specified is invalid", "invalid_transfer_recipient")
    wanted = {"amount": amount, "currency": currency, "recipient": recipient, "reason": str(asked.get("reason") or "")}
    with box.books.writing():
        thing, is_new = _made(box, reference, wanted)
    if is_new:
        box.agenda.plan(_SETTLE, {"reference": reference}, after=box.options.settle_seconds)
    return said("Transfer has been queued", shapes.transfer(thing))


@blueprint.get("/transfer/verify/<path:reference>")
def transfer_verify(reference: str) -> Response:
    """What became of a transfer."""
    return said("Transfer retrieved", _shown(found(here(), reference)))


@blueprint.get("/transfer")
def transfers() -> Response:
    """Every transfer."""
    return listed("Transfers retrieved", KIND, _shown)


@blueprint.get("/balance")
def balance() -> Response:
    """What can be sent, per currency."""
    box = here()
    return said("Balances retrieved", [{"currency": each, "balance": balance_of(box, each)} for each in CURRENCIES])


def found(box: Box, reference: str) -> Thing:
    """A transfer by its reference. Raises Wrong."""
    thing = box.books.get(KIND, reference)
    if thing is None:
        raise Wrong(404, "Transfer not found", "transfer_not_found")
    return thing


def balance_of(box: Box, currency: str) -> int:
    """What can be sent, in minor units."""
    thing = box.books.get(BALANCE, currency)
    return int(thing.data["amount"]) if thing else _OPENING_BALANCE


def set_balance(box: Box, currency: str, amount: int) -> None:
    """Let so much be there to send."""
    thing = box.books.add(BALANCE, currency, {"amount": amount}) or box.books.get(BALANCE, currency)
    assert thing is not None
    thing.data["amount"] = amount
    box.books.save(thing)


def settle(box: Box, reference: str, outcome: str) -> Thing:
    """Let a transfer end so, and tell of it; what did not arrive is back in the balance."""
    if outcome not in OUTCOMES:
        raise Wrong(400, f"A transfer ends as one of {', '.join(OUTCOMES)}", "invalid_params")
    with box.books.writing():
        thing = found(box, reference)
        before, thing.data["status"] = thing.data["status"], outcome
        thing.data["transferred_at"] = clock.now().timestamp()
        box.books.save(thing)
        back = (outcome in _GIVEN_BACK) - (before in _GIVEN_BACK)
        currency = thing.data["currency"]
        set_balance(box, currency, balance_of(box, currency) + back * thing.data["amount"])
    if outcome in ("success", "failed", "reversed"):
        event = {"event": f"transfer.{outcome}", "data": _shown(thing, box)}
        webhooks.emit(box, PROVIDER, event, success_again=event if outcome == "success" else None)
    return thing


def register(box: Box) -> None:
    """Let transfers settle by themselves."""
    box.agenda.on(_SETTLE, lambda task: _settle_pending(box, task["reference"]))


def _made(box: Box, reference: str, wanted: Data) -> tuple[Thing, bool]:
    first = box.books.get(KIND, reference)
    if first is not None:
        is_same = all(first.data[name] == wanted[name] for name in ("amount", "currency", "recipient"))
        if is_same and box.options.repeated_transfer == "first":
            return first, False
        message = "Please provide a unique reference. Reference already exists on a transfer"
        raise Wrong(400, message, "duplicate_transfer_reference")
    left = balance_of(box, wanted["currency"]) - wanted["amount"]
    if left < 0:
        raise Wrong(400, "Your balance is not enough to fulfil this request", "insufficient_balance")
    set_balance(box, wanted["currency"], left)
    made = box.books.add(KIND, reference, wanted | {"status": "pending"})
    assert made is not None
    return made, True


def _settle_pending(box: Box, reference: str) -> None:
    thing = box.books.get(KIND, reference)
    if thing and thing.data["status"] == "pending":
        settle(box, reference, "success")


def _shown(thing: Thing, box: Box | None = None) -> Data:
    return shapes.transfer_in_full(thing, (box or here()).books.get(RECIPIENT, thing.data["recipient"]))
