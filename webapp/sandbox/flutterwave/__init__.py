"""Flutterwave, v4 and v3, as its public documentation describes them. Amounts are in major units."""

from webapp.sandbox.books import Data, Thing
from webapp.sandbox.box import Box
from webapp.sandbox.flutterwave import charges, identity, payments, refunds
from webapp.sandbox.flutterwave.manner import identity as identity_blueprint
from webapp.sandbox.flutterwave.manner import v3, v4
from webapp.sandbox.gate import Wrong

__all__ = ["blueprints", "charges", "find", "give_back", "identity", "pay", "payments", "refunds"]

blueprints = (identity_blueprint, v4, v3)


def find(box: Box, reference: str) -> Thing:
    """A charge of v4, else a payment of v3, by its reference. Raises Wrong."""
    thing = charges.find(box, reference) or payments.find(box, reference)
    if thing is None:
        raise Wrong(404, f"There is no Flutterwave payment {reference}.")
    return thing


def pay(box: Box, reference: str, outcome: str, changes: Data, *, webhook: bool = True) -> Thing:
    """Let a payment of either version end so."""
    if outcome not in charges.STATUSES:
        raise Wrong(400, f"A payment ends as one of {', '.join(charges.STATUSES)}")
    thing = find(box, reference)
    if thing.kind == charges.KIND:
        return charges.pay(box, thing, outcome, changes, webhook=webhook)
    return payments.pay(box, thing, outcome, changes, webhook=webhook)


def give_back(box: Box, reference: str, asked: Data) -> Thing:
    """A refund by hand of a payment of either version."""
    thing = find(box, reference)
    make = refunds.give_back if thing.kind == charges.KIND else payments.give_back
    return make(box, thing, asked)
