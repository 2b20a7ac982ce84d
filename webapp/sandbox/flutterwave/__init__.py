"""Flutterwave, v4 and v3, as its documentation and recorded answers have it. Amounts are in major units."""

from webapp.sandbox.core.auth_and_faults import Wrong
from webapp.sandbox.core.sandbox import Sandbox
from webapp.sandbox.core.store import Data, Thing
from webapp.sandbox.flutterwave import attempts, charges, customers, identity, payments, refunds
from webapp.sandbox.flutterwave.envelope import identity as identity_blueprint
from webapp.sandbox.flutterwave.envelope import v3, v4

__all__ = ["blueprints", "charges", "customers", "find", "give_back", "identity", "pay", "payments", "refunds"]

blueprints = (identity_blueprint, v4, v3)


def find(sandbox: Sandbox, reference: str) -> Thing:
    """A page of v4, else a link of v3, by its reference. Raises Wrong."""
    thing = charges.find(sandbox, reference) or payments.find(sandbox, reference)
    if thing is None:
        raise Wrong(404, f"There is no Flutterwave payment {reference}.")
    return thing


def pay(sandbox: Sandbox, reference: str, outcome: str, changes: Data, *, webhook: bool = True) -> Thing:
    """Let somebody try to pay, in either version; again when it was paid already is paid twice."""
    page = find(sandbox, reference)
    if page.data.get("disabled"):
        raise Wrong(400, "This link is disabled")
    if page.kind == charges.CHARGES.page:
        return charges.pay(sandbox, page, outcome, changes, webhook=webhook)
    return payments.pay(sandbox, page, outcome, changes, webhook=webhook)


def give_back(sandbox: Sandbox, reference: str, body: Data) -> Thing:
    """A refund by hand of a payment of either version: of the transaction `number`, else of the first."""
    page = find(sandbox, reference)
    if page.kind == charges.CHARGES.page:
        return refunds.by_hand(sandbox, attempts.paid(sandbox, charges.CHARGES, page.key, body.get("number")), body)
    return payments.by_hand(sandbox, attempts.paid(sandbox, payments.PAYMENTS, page.key, body.get("number")), body)


def end_refund(sandbox: Sandbox, number: int, outcome: str) -> Thing:
    """Let a refund of either version be so. Raises Wrong."""
    if (found := sandbox.store.numbered(refunds.KIND, number)) is not None:
        return refunds.end(sandbox, found, outcome)
    if (found := sandbox.store.numbered(payments.REFUND, number)) is not None:
        return payments.end_refund(sandbox, found, outcome)
    raise Wrong(404, f"There is no Flutterwave refund {number}.")


def register(sandbox: Sandbox) -> None:
    """Let refunds go through by themselves."""
    refunds.register(sandbox)
    payments.register(sandbox)
