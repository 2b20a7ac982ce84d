"""Paystack's disputes: made by control, answered by the merchant, told by webhook."""

import uuid

from flask import Response, request

from webapp import clock
from webapp.sandbox.core.auth_and_faults import Wrong
from webapp.sandbox.core.request_inputs import format_time, parse_int, request_body
from webapp.sandbox.core.sandbox import Sandbox, current
from webapp.sandbox.core.store import Data, Thing
from webapp.sandbox.paystack import charges, refunds, serializers
from webapp.sandbox.paystack.envelope import PROVIDER, blueprint, respond
from webapp.sandbox.paystack.pagination import listed
from webapp.sandbox.webhooks import sender as webhook_sender

KIND = "paystack.dispute"
_DUE = 2 * 24 * 3600
OUTCOMES = {
    "open": ("awaiting-merchant-feedback", None),
    "reminded": ("awaiting-merchant-feedback", None),
    "won": ("resolved", "declined"),
    "lost": ("resolved", "auto-accepted"),
    "accepted": ("resolved", "merchant-accepted"),
}
_TAKEN = ("auto-accepted", "merchant-accepted")
_EVIDENCE = ("customer_email", "customer_name", "customer_phone", "service_details")
_RESOLVE = ("resolution", "message", "refund_amount", "uploaded_filename")


@blueprint.get("/dispute")
def disputes() -> Response:
    """Every dispute, or those in one status, or of one transaction."""
    return listed("Disputes retrieved", KIND, _shown, parent=charges.reference_argument("transaction"))


@blueprint.get("/dispute/<int:number>")
def dispute(number: int) -> Response:
    """A dispute by its number."""
    return respond("Dispute retrieved", _shown(found(current(), number)))


@blueprint.get("/dispute/transaction/<reference>")
def dispute_of_transaction(reference: str) -> Response:
    """The disputes of one transaction."""
    sandbox = current()
    about = sandbox.store.listed(KIND, parent=charges.found(sandbox, reference).key)
    return respond("Dispute retrieved successfully", [_shown(each) for each in about])


@blueprint.put("/dispute/<int:number>")
def dispute_update(number: int) -> Response:
    """Offer a refund."""
    body, sandbox = request_body(), current()
    charges.refuse_unless(body.get("refund_amount"), "refund_amount is required")
    with sandbox.store.writing():
        thing = found(sandbox, number)
        thing.data["refund_amount"] = parse_int(body["refund_amount"])
        sandbox.store.save(thing)
    return respond("Dispute updated successfully", [_shown(thing)])


@blueprint.get("/dispute/<int:number>/upload_url")
def dispute_upload_url(number: int) -> Response:
    """Where a file of evidence may be put."""
    found(current(), number)
    name = charges.refuse_unless(request.args.get("upload_filename"), "upload_filename is required")
    stored = f"{uuid.uuid4().hex}-{name}"
    address = f"{request.host_url}hooks/dispute-upload?file={stored}"
    return respond("Upload url generated", {"signedUrl": address, "fileName": stored})


@blueprint.post("/dispute/<int:number>/evidence")
def dispute_evidence(number: int) -> Response:
    """Say what was delivered, and to whom."""
    body, sandbox = request_body(), current()
    given = {name: charges.refuse_unless(body.get(name), f"{name} is required") for name in _EVIDENCE}
    given |= {name: body[name] for name in ("delivery_address", "delivery_date") if body.get(name)}
    with sandbox.store.writing():
        thing = found(sandbox, number)
        thing.data["evidence"] = given
        sandbox.store.save(thing)
    return respond("Evidence created", given | {"dispute": number, "id": number, "createdAt": format_time(thing.at)})


@blueprint.put("/dispute/<int:number>/resolve")
def dispute_resolve(number: int) -> Response:
    """Accept it, which refunds, or decline it."""
    body, sandbox = request_body(), current()
    given = {name: body.get(name) for name in _RESOLVE}
    for name in ("resolution", "message", "uploaded_filename"):
        charges.refuse_unless(given[name], f"{name} is required")
    if given["resolution"] not in ("merchant-accepted", "declined") or given["refund_amount"] is None:
        raise Wrong(400, "resolution must be merchant-accepted or declined, with a refund_amount", "invalid_params")
    with sandbox.store.writing():
        thing = found(sandbox, number)
        if thing.data["status"] == "resolved":
            raise Wrong(400, "Dispute has been resolved already", "dispute_resolved")
        thing.data |= given | {"status": "resolved", "resolved_at": clock.now().timestamp()}
        sandbox.store.save(thing)
    if given["resolution"] == "merchant-accepted" and (amount := parse_int(given["refund_amount"])):
        refunds.make(sandbox, thing.parent, {"amount": amount, "dispute": thing.number})
    webhook_sender.emit(sandbox, PROVIDER, {"event": "charge.dispute.resolve", "data": _shown(thing)})
    return respond("Dispute successfully resolved", _shown(thing))


def open_dispute(sandbox: Sandbox, reference: str, more: Data) -> Thing:
    """A buyer's bank takes the money back: make a dispute about a paid transaction, and tell of it."""
    paid = charges.found(sandbox, reference)
    dispute = {
        "status": more.get("status", "awaiting-merchant-feedback"),
        "category": more.get("category", "chargeback"),
        "refund_amount": parse_int(more.get("amount")) or paid.data["amount"],
        "currency": paid.data["currency"],
        "message": more.get("message", "The item did not arrive"),
        "due_at": clock.now().timestamp() + _DUE,
    }
    made = sandbox.store.add(KIND, uuid.uuid4().hex, dispute, parent=paid.key)
    assert made is not None
    webhook_sender.emit(sandbox, PROVIDER, {"event": "charge.dispute.create", "data": _shown(made, sandbox)})
    return made


def end(sandbox: Sandbox, number: int, outcome: str) -> Thing:
    """Let the bank decide, again and otherwise if it likes, and tell of it: what it takes back, it takes back at once.

    `reminded` only tells again; `open` takes an outcome back.
    """
    if outcome not in OUTCOMES:
        raise Wrong(400, f"A dispute is one of {', '.join(OUTCOMES)}", "invalid_params")
    status, resolution = OUTCOMES[outcome]
    thing = found(sandbox, number)
    if outcome != "reminded":
        with sandbox.store.writing():
            over = clock.now().timestamp() if status == "resolved" else None
            thing.data |= {"status": status, "resolution": resolution, "resolved_at": over}
            sandbox.store.save(thing)
            refunds.take(sandbox, thing, resolution in _TAKEN)
    event = {"reminded": "remind", "open": "create"}.get(outcome, "resolve")
    webhook_sender.emit(sandbox, PROVIDER, {"event": f"charge.dispute.{event}", "data": _shown(thing, sandbox)})
    return thing


def found(sandbox: Sandbox, number: int) -> Thing:
    """A dispute by its number. Raises Wrong."""
    thing = sandbox.store.numbered(KIND, number)
    if thing is None:
        raise Wrong(404, "Dispute not found", "dispute_not_found")
    return thing


def _shown(thing: Thing, sandbox: Sandbox | None = None) -> Data:
    data = thing.data
    paid = charges.found(sandbox or current(), thing.parent)
    created = format_time(thing.at)
    return {
        "id": thing.number,
        "refund_amount": data["refund_amount"],
        "currency": data["currency"],
        "status": data["status"],
        "resolution": data.get("resolution"),
        "domain": "test",
        "transaction": serializers.transaction(paid),
        "transaction_reference": None,
        "category": data["category"],
        "customer": serializers.customer(paid.data.get("email", "")),
        "bin": "408408",
        "last4": "4081",
        "dueAt": format_time(data["due_at"]),
        "resolvedAt": format_time(data.get("resolved_at")),
        "evidence": data.get("evidence"),
        "attachments": None,
        "note": None,
        "history": [{"status": data["status"], "by": "customer@bank.test", "createdAt": created}],
        "messages": [{"sender": "customer@bank.test", "body": data["message"], "createdAt": created}],
        "createdAt": created,
        "updatedAt": format_time(data.get("resolved_at") or thing.at),
    }
