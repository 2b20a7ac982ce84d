"""Refunds of v4: parts of a charge that go back, asked for by the desk or made by hand."""

import uuid

from flask import Response

from webapp import clock
from webapp.sandbox.core.auth_and_faults import Wrong
from webapp.sandbox.core.request_inputs import format_time, request_body
from webapp.sandbox.core.sandbox import Sandbox, current
from webapp.sandbox.core.store import Data, Thing
from webapp.sandbox.flutterwave import charges, strangers
from webapp.sandbox.flutterwave.amounts import refundable
from webapp.sandbox.flutterwave.envelope import PROVIDER, Absent, Known, respond, v4
from webapp.sandbox.flutterwave.idempotency import once
from webapp.sandbox.flutterwave.pagination import listed
from webapp.sandbox.webhooks import sender as webhook_sender

KIND = "flutterwave.charge_refund"
OUTCOMES = ("new", "pending", "succeeded", "failed", "cancelled", "requires_action")
_TASK = "flutterwave.end_refund"


@v4.post("/refunds")
def refund() -> Response:
    """Give a charge back; the same X-Idempotency-Key again is answered with the first answer."""
    return once(_refunded)


@v4.get("/refunds")
def refunds() -> Response:
    """Every refund: the list is narrowed by time only."""
    return listed("Refunds fetched", KIND, _shown, strangers.refund_v4())


@v4.get("/refunds/<identity>")
def refund_fetch(identity: str) -> Response:
    """A refund by its id."""
    number = identity.removeprefix("rfd_")
    thing = current().store.numbered(KIND, int(number)) if number.isascii() and number.isdigit() else None
    if thing is None:
        raise Absent("REFUND_NOT_FOUND", "1400404", "Refund not found")
    return respond("Refund fetched", _shown(thing))


def by_hand(sandbox: Sandbox, paid: Thing, body: Data) -> Thing:
    """One that somebody makes in the dashboard, done at once."""
    return end(sandbox, _made(sandbox, paid, body), "succeeded")


def end(sandbox: Sandbox, refund_made: Thing, outcome: str) -> Thing:
    """Let a refund be so, and tell of one that went through."""
    if outcome not in OUTCOMES:
        raise Wrong(400, f"A refund is one of {', '.join(OUTCOMES)}")
    with sandbox.store.writing():
        refund_made.data["status"] = outcome
        sandbox.store.save(refund_made)
    if outcome == "succeeded":
        at = int(clock.now().timestamp() * 1000)
        event = {"webhook_id": f"wbk_{refund_made.key[:20]}", "timestamp": at, "type": "refund.completed"}
        webhook_sender.emit(sandbox, PROVIDER, event | {"data": _shown(refund_made)})
    return refund_made


def register(sandbox: Sandbox) -> None:
    """Let refunds go through by themselves."""
    sandbox.delayed_tasks.on(_TASK, lambda task: _end_by_itself(sandbox, task["key"]))


def _end_by_itself(sandbox: Sandbox, key: str) -> None:
    thing = sandbox.store.get(KIND, key)
    if thing is not None and thing.data["status"] == "new":
        end(sandbox, thing, "succeeded")


def _made(sandbox: Sandbox, paid: Thing, body: Data) -> Thing:
    """A refund. Raises Wrong when there is less left than is asked."""
    with sandbox.store.writing():
        requested = refundable(sandbox, KIND, paid, body, "succeeded")
        number = f"chg_{paid.number}"
        data = requested | {"reason": body.get("reason", ""), "charge": number, "status": "new"}
        made = sandbox.store.add(KIND, uuid.uuid4().hex, data, parent=paid.key)
    assert made is not None
    return made


def _refunded() -> tuple[int, Data]:
    """Answered as "initiated", without a status of the call."""
    body, sandbox = request_body(), current()
    paid = charges.by_id(sandbox, str(body.get("charge_id") or ""))
    if paid is None:
        raise Absent("CHARGE_NOT_FOUND", "1110404", "Charge not found")
    if not _left(sandbox, paid):
        raise Known("REFUND_ALREADY_COMPLETED", "1404400", "Charge already refunded")
    made = _made(sandbox, paid, body)
    sandbox.delayed_tasks.plan(_TASK, {"key": made.key}, after=sandbox.options.refund_seconds)
    return 201, {"message": "Refund Initiated", "data": _shown(made)}


def _left(sandbox: Sandbox, paid: Thing) -> bool:
    given = [each.data["amount"] for each in sandbox.store.listed(KIND, parent=paid.key) if _counts(each)]
    return paid.data["status"] != "succeeded" or bool(sum(given) < paid.data["amount"])


def _counts(thing: Thing) -> bool:
    return thing.data["status"] not in ("failed", "cancelled")


def _shown(thing: Thing) -> Data:
    return {
        "id": f"rfd_{thing.number}",
        "amount_refunded": thing.data["amount"],
        "meta": {},
        "reason": thing.data["reason"],
        "status": thing.data["status"],
        "charge_id": thing.data["charge"],
        "created_datetime": format_time(thing.at),
    }
