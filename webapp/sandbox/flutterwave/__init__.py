"""Flutterwave, v4 and v3, as its documentation and recorded answers have it. Amounts are in major units."""

from webapp.sandbox.core.auth_and_faults import Wrong
from webapp.sandbox.core.sandbox import Sandbox
from webapp.sandbox.core.store import Data, Thing
from webapp.sandbox.flutterwave import attempts, charges, customers, identity, payments, refunds
from webapp.sandbox.flutterwave.envelope import identity as identity_blueprint
from webapp.sandbox.flutterwave.envelope import v3, v4

__all__ = ["blueprints", "charges", "customers", "find", "give_back", "identity", "pay", "payments", "refunds"]

blueprints = (identity_blueprint, v4, v3)


def find(box: Sandbox, reference: str) -> Thing:
    """A page of v4, else a link of v3, by its reference. Raises Wrong."""
    thing = charges.find(box, reference) or payments.find(box, reference)
    if thing is None:
        raise Wrong(404, f"There is no Flutterwave payment {reference}.")
    return thing


def pay(box: Sandbox, reference: str, outcome: str, changes: Data, *, webhook: bool = True) -> Thing:
    """Let somebody try to pay, in either version; again when it was paid already is paid twice."""
    page = find(box, reference)
    if page.data.get("disabled"):
        raise Wrong(400, "This link is disabled")
    if page.kind == charges.CHARGES.page:
        return charges.pay(box, page, outcome, changes, webhook=webhook)
    return payments.pay(box, page, outcome, changes, webhook=webhook)


def give_back(box: Sandbox, reference: str, asked: Data) -> Thing:
    """A refund by hand of a payment of either version: of the transaction `number`, else of the first."""
    page = find(box, reference)
    if page.kind == charges.CHARGES.page:
        return refunds.by_hand(box, attempts.paid(box, charges.CHARGES, page.key, asked.get("number")), asked)
    return payments.by_hand(box, attempts.paid(box, payments.PAYMENTS, page.key, asked.get("number")), asked)


def end_refund(box: Sandbox, number: int, outcome: str) -> Thing:
    """Let a refund of either version be so. Raises Wrong."""
    if (found := box.books.numbered(refunds.KIND, number)) is not None:
        return refunds.end(box, found, outcome)
    if (found := box.books.numbered(payments.REFUND, number)) is not None:
        return payments.end_refund(box, found, outcome)
    raise Wrong(404, f"There is no Flutterwave refund {number}.")


def register(box: Sandbox) -> None:
    """Let refunds go through by themselves."""
    refunds.register(box)
    payments.register(box)
