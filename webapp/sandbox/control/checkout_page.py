"""The pages where a buyer would pay: anyone may press Pay, Fail or Abandon."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, abort, redirect, render_template_string, request
from werkzeug.wrappers import Response

from webapp.sandbox import flutterwave
from webapp.sandbox.core import autopay
from webapp.sandbox.core.sandbox import Sandbox, current
from webapp.sandbox.core.store import Data, Thing
from webapp.sandbox.paystack import charges as paystack_charges
from webapp.sandbox.paystack import refunds as paystack_refunds

blueprint = Blueprint("checkout", __name__, url_prefix="/checkout")

_OPEN = ("open", "abandoned", "pending", "failed")
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Pay {{ reference }}</title></head><body>
<h1>Sandbox checkout</h1>
<p>{{ provider }} asks for <strong>{{ amount }} {{ currency }}</strong> for {{ reference }}.</p>
<p>It is {{ status }} now.</p>
<form method="post">
{% for outcome, label in buttons %}<button name="outcome" value="{{ outcome }}">{{ label }}</button>
{% endfor %}</form></body></html>"""


@dataclass(frozen=True)
class CheckoutPage:
    """What a provider's page needs."""

    find: Callable[[Sandbox, str], Thing]
    pay: Callable[..., Thing]
    give_back: Callable[[Sandbox, str, Data], Thing]
    """A refund that somebody makes by hand at the provider, all of it or a part."""
    back: Callable[[Thing], str]
    """Where the buyer goes afterwards; empty stays here."""


def _back_from_paystack(thing: Thing) -> str:
    return _with(thing.data.get("callback_url"), f"trxref={thing.key}&reference={thing.key}")


def _with(address: object, query: str) -> str:
    text = str(address or "")
    if not text.startswith(("http://", "https://")):
        return ""
    return f"{text}{'&' if '?' in text else '?'}{query}"


def _back_from_flutterwave(thing: Thing) -> str:
    status = {"success": "successful", "succeeded": "successful"}.get(thing.data["status"], thing.data["status"])
    reference = thing.parent or thing.key
    return _with(thing.data.get("redirect_url"), f"status={status}&tx_ref={reference}&transaction_id={thing.number}")


CHECKOUTS = {
    "paystack": CheckoutPage(
        paystack_charges.found, paystack_charges.pay, paystack_refunds.by_hand, _back_from_paystack
    ),
    "flutterwave": CheckoutPage(flutterwave.find, flutterwave.pay, flutterwave.give_back, _back_from_flutterwave),
}


@blueprint.get("/<provider>/<path:reference>")
def show(provider: str, reference: str) -> str:
    """The page with the buttons."""
    thing = _checkout(provider).find(current(), reference)
    shown: Data = {name: thing.data[name] for name in ("amount", "currency", "status")}
    buttons = [("success", "Pay"), ("failed", "Fail"), ("abandoned", "Abandon")]
    return render_template_string(_PAGE, provider=provider, reference=thing.key, buttons=buttons, **shown)


@blueprint.post("/<provider>/<path:reference>")
def press(provider: str, reference: str) -> Response:
    """What a button does; then back to the shop. A payment that succeeded stays so."""
    sandbox, checkout = current(), _checkout(provider)
    thing = checkout.find(sandbox, reference)
    if thing.data["status"] in _OPEN and not thing.data.get("disabled"):
        thing = checkout.pay(sandbox, reference, request.form.get("outcome", "success"), {})
    return redirect(checkout.back(thing) or request.path, 303)


def register(sandbox: Sandbox) -> None:
    """Let checkouts be paid by themselves."""
    sandbox.delayed_tasks.on(autopay.TASK, lambda task: _autopay(sandbox, task))


def _autopay(sandbox: Sandbox, task: Data) -> None:
    checkout = _checkout(task["provider"])
    page = checkout.find(sandbox, task["reference"])
    if page.data["status"] in _OPEN and not page.data.get("disabled"):
        checkout.pay(sandbox, task["reference"], "success", {}, webhook=task["webhook"])


def _checkout(provider: str) -> CheckoutPage:
    found = CHECKOUTS.get(provider)
    return found or abort(404)
