"""How tests and people move the sandbox's world: faults, outcomes, disputes, and what is in the store."""

from dataclasses import asdict, fields
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from webapp.errors import Invalid
from webapp.sandbox import blnk, flutterwave
from webapp.sandbox.control.bulk_fill import fill_store
from webapp.sandbox.control.checkout_page import CHECKOUTS
from webapp.sandbox.core import fault_modes
from webapp.sandbox.core.active_faults import from_body
from webapp.sandbox.core.request_inputs import parse_int, query_int, request_body
from webapp.sandbox.core.sandbox import current
from webapp.sandbox.core.settings import Options
from webapp.sandbox.core.store import Thing
from webapp.sandbox.flutterwave import tokens
from webapp.sandbox.paystack import disputes, refunds, transfers
from webapp.sandbox.webhooks import receiver as webhook_receiver
from webapp.sandbox.webhooks import sender as webhook_sender
from webapp.sandbox.webhooks.signatures import SIGNERS

blueprint = Blueprint("control", __name__, url_prefix="/control")

_DONE = {"ok": True}
_WITH_FAULTS = ("paystack", "flutterwave", "blnk", "sms", "chat", "hooks")


@blueprint.get("/faults")
def list_faults() -> Response:
    """Every fault mode with its sentence, the faults in force, and the names of the calls that can have one."""
    of_calls = fault_modes.WITHOUT_EFFECT | fault_modes.WITH_EFFECT
    answer = {"calls": of_calls, "webhooks": fault_modes.OF_WEBHOOKS, "in_force": current().active_faults.listed()}
    return jsonify(answer | {"names": _call_names()})


@blueprint.post("/faults")
def set_fault() -> Response:
    """Let a call of a provider have a fault."""
    current().active_faults.set(from_body(request_body()))
    return jsonify({"in_force": current().active_faults.listed()})


@blueprint.delete("/faults")
def clear_faults() -> Response:
    """Forget faults: all, or those of a provider or a call, by body or query."""
    body = request_body() | request.args.to_dict()
    current().active_faults.clear(str(body.get("provider", fault_modes.ANY)), str(body.get("call", fault_modes.ANY)))
    return jsonify(_DONE)


@blueprint.post("/latency")
def set_latency() -> Response:
    """Let every call of a provider take longer."""
    body = request_body()
    current().latency[str(body.get("provider", fault_modes.ANY))] = min(
        60.0, float(body.get("milliseconds") or 0) / 1000
    )
    return jsonify(current().latency)


@blueprint.route("/options", methods=["GET", "POST"])
def options() -> Response:
    """How the world behaves; what is posted changes it."""
    now = current().options
    for each in fields(Options):
        if each.name in request_body():
            setattr(now, each.name, type(getattr(now, each.name))(request_body()[each.name]))
    return jsonify(asdict(now))


@blueprint.get("/store")
def show_store() -> Response:
    """Everything, or one kind; at most `limit` of each, and how many there are."""
    store, only_kind = current().store, request.args.get("kind")
    limit, counts = query_int("limit", 1000, 1_000_000), store.kinds()
    kinds = [only_kind] if only_kind else list(counts)
    return jsonify(
        {"counts": counts} | {kind: [_shown(each) for each in store.listed(kind, limit=limit)] for kind in kinds}
    )


@blueprint.post("/reset")
def reset() -> Response:
    """Forget everything: the store, faults and latency."""
    current().active_faults.clear()
    current().latency.clear()
    current().store.reset()
    return jsonify(_DONE)


@blueprint.post("/pay/<provider>/<path:reference>")
def pay(provider: str, reference: str) -> Response:
    """Let a payment end so; `amount` and `currency` let it be another than was asked for."""
    if provider not in CHECKOUTS:
        raise Invalid(f"There are payments of {', '.join(CHECKOUTS)}.")
    body = request_body()
    changes = {name: body[name] for name in ("amount", "currency") if body.get(name) is not None}
    outcome, with_webhook = str(body.get("outcome", "success")), bool(body.get("webhook", True))
    return jsonify(_shown(CHECKOUTS[provider].pay(current(), reference, outcome, changes, webhook=with_webhook)))


@blueprint.post("/transfers/<path:reference>")
def end_transfer(reference: str) -> Response:
    """Let a transfer end so, and tell of it."""
    return jsonify(_shown(transfers.settle(current(), reference, str(request_body().get("outcome", "success")))))


@blueprint.post("/refunds/<path:reference>")
def end_refund(reference: str) -> Response:
    """Let a refund be so, and tell of it."""
    return jsonify(_shown(refunds.end(current(), reference, str(request_body().get("outcome", "processed")))))


@blueprint.post("/refunds/flutterwave/<int:number>")
def end_flutterwave_refund(number: int) -> Response:
    """Let a refund at Flutterwave be so."""
    return jsonify(_shown(flutterwave.end_refund(current(), number, str(request_body().get("outcome", "succeeded")))))


@blueprint.post("/refund/<provider>/<path:reference>")
def refund_by_hand(provider: str, reference: str) -> Response:
    """Somebody gives a payment back in the provider's own dashboard: all of it, or an `amount`."""
    if provider not in CHECKOUTS:
        raise Invalid(f"There are payments of {', '.join(CHECKOUTS)}.")
    return jsonify(_shown(CHECKOUTS[provider].give_back(current(), reference, request_body())))


@blueprint.post("/recipients/forget")
def forget_recipients() -> Response:
    """Let Paystack not know any account any more that payouts go to."""
    return jsonify(_DONE | {"count": transfers.forget_recipients(current())})


@blueprint.post("/balance")
def set_balance() -> Response:
    """Let so much be in Paystack's balance, in minor units."""
    transfers.set_balance(current(), str(request_body().get("currency", "NGN")), int(request_body().get("amount", 0)))
    return jsonify(_DONE)


@blueprint.post("/dispute")
def open_dispute() -> Response:
    """Let a buyer's bank dispute a Paystack transaction."""
    body = request_body()
    return jsonify(_shown(disputes.open_dispute(current(), str(body.get("reference", "")), body)))


@blueprint.post("/dispute/<int:number>")
def end_dispute(number: int) -> Response:
    """Let the bank decide so, and tell of it: `won`, `lost`, `accepted`, `open` again, or `reminded`."""
    return jsonify(_shown(disputes.end(current(), number, str(request_body().get("outcome", "lost")))))


@blueprint.post("/blnk/adjust")
def adjust() -> Response:
    """A discrepancy made by hand: to a `balance`, or to the row of a `reference`, by an `amount` of minor units."""
    body, sandbox = request_body(), current()
    amount = int(body.get("amount") or 0)
    if body.get("reference"):
        return jsonify(_shown(blnk.transactions.alter(sandbox, str(body["reference"]), amount)))
    return jsonify(_shown(blnk.balances.adjust(sandbox, str(body.get("balance", "")), amount)))


@blueprint.post("/blnk/backup")
def back_up_blnk() -> Response:
    """Blnk's database is backed up as it is now."""
    return jsonify({"rows": blnk.standing.back_up(current())})


@blueprint.post("/blnk/restore")
def restore_blnk() -> Response:
    """Blnk's database is put back as it was at its last backup."""
    return jsonify({"rows": blnk.standing.restore(current())})


@blueprint.post("/blnk/lose")
def lose_blnk() -> Response:
    """Blnk's database is lost, and begun anew."""
    blnk.standing.lose(current())
    return jsonify(_DONE)


@blueprint.delete("/tokens")
def revoke_tokens() -> Response:
    """Let no Flutterwave token be good any more."""
    tokens.revoke_all(current())
    return jsonify(_DONE)


@blueprint.post("/webhook")
def send_webhook() -> Response:
    """Send any event: `provider` (or `flutterwave_v3`), and `event` with `data`, or a whole `envelope`."""
    body = request_body()
    signer = str(body.get("provider", ""))
    if signer not in SIGNERS:
        raise Invalid(f"There are webhooks of {', '.join(SIGNERS)}.")
    envelope = body.get("envelope") or {"event": body.get("event"), "data": body.get("data") or {}}
    webhook_sender.emit(current(), signer, envelope, success_again=envelope)
    return jsonify(_DONE)


@blueprint.get("/webhooks")
def list_webhooks() -> Response:
    """What was sent to the desk, the answers it gave, newest last."""
    found = current().store.listed(webhook_sender.KIND, parent=request.args.get("provider"), limit=10_000)
    return jsonify([_shown(each) for each in found])


@blueprint.get("/hooks")
@blueprint.get("/hooks/<path:name>")
def list_hooks(name: str | None = None) -> Response:
    """What came from the desk to a receiver."""
    return jsonify(webhook_receiver.received(name))


@blueprint.post("/fill")
def fill() -> Response:
    """Very many payments at once, that nobody asked for."""
    return jsonify({"added": fill_store(current().store, request_body(), parse_int(request_body().get("count")) or 0)})


def _call_names() -> dict[str, list[str]]:
    names: dict[str, set[str]] = {"email": {"send"}}
    for endpoint in current_app.view_functions:
        owner, _, name = endpoint.rpartition(".")
        provider = owner.partition("_")[0]
        if provider in _WITH_FAULTS:
            names.setdefault(provider, {fault_modes.WEBHOOK} if provider in SIGNERS else set()).add(name)
    return {provider: sorted(found) for provider, found in names.items()}


@blueprint.errorhandler(TypeError)
@blueprint.errorhandler(ValueError)
def _unreadable(problem: Exception) -> tuple[Response, int]:
    return jsonify({"error": f"That can't be read: {problem}."}), 422


def _shown(thing: Thing) -> dict[str, Any]:
    return {"number": thing.number, "key": thing.key, "parent": thing.parent, "at": thing.at} | thing.data
