"""Money of a party over HTTP: deposits, debts, repayments, and its standing order to repay."""

from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from webapp.api.endpoints import Call, Endpoints
from webapp.api.escrow_shapes import TransferShape, transfer_shape
from webapp.api.shapes import Amount, Currency, Input, MinorUnits, Reference, Shape, Version
from webapp.services import escrow_ledger, parties, standing_orders
from webapp.services.standing_orders import StandingOrder

endpoints = Endpoints("parties")


class MoneyBody(Input):
    """How much, under a reference that is used once."""

    amount: Amount
    reference: Reference


class AutoDeductBody(Input):
    """The standing order of one currency; amounts in its minor units.

    Without `percent` or `minimum_balance` those of the desk's settings hold, as they are on the day.
    """

    currency: Currency
    enabled: bool
    percent: Annotated[int | None, Field(strict=True, ge=1, le=100)] = None
    daily_max: Annotated[MinorUnits | None, Field(ge=1)] = None
    minimum_balance: MinorUnits | None = None
    version: Version = None


class AutoDeductShape(Shape):
    """A standing order to repay debt from the wallet: the party's own percent and minimum, and those in force."""

    party_id: int
    currency: str
    enabled: bool
    percent: int | None
    percent_in_force: int
    daily_max: int | None
    minimum_balance: int | None
    minimum_balance_in_force: int
    version: int


@endpoints.post("/api/v1/parties/<id:party_id>/deposits", "party:write", status=201)
def deposit(call: Call, party_id: int, body: MoneyBody) -> TransferShape:
    """Money from outside into the wallet."""
    return _moved(call, party_id, body, parties.deposit)


@endpoints.post("/api/v1/parties/<id:party_id>/debts", "party:write", status=201)
def add_debt(call: Call, party_id: int, body: MoneyBody) -> TransferShape:
    """A debt that the party brings along."""
    return _moved(call, party_id, body, parties.owe)


@endpoints.post("/api/v1/parties/<id:party_id>/repayments", "party:write", status=201)
def repay(call: Call, party_id: int, body: MoneyBody) -> TransferShape:
    """A repayment from the wallet: neither above the debt nor above the wallet."""
    return _moved(call, party_id, body, parties.repay)


@endpoints.put("/api/v1/parties/<id:party_id>/auto-deduct", "party:auto-deduct")
def set_auto_deduct(call: Call, party_id: int, body: AutoDeductBody) -> AutoDeductShape:
    """Set the standing order of one currency as a whole."""
    parties.get(call.session, party_id)
    order = StandingOrder(body.enabled, body.percent, body.daily_max, body.minimum_balance)
    known = standing_orders.find(call.session, party_id, body.currency)
    present = known.version if known else 0
    version = present if body.version is None else body.version
    changed = standing_orders.change(
        call.session, party_id, body.currency, order, version=version, at=call.at, actor=call.actor
    )
    rule = standing_orders.rule(call.runtime.settings)
    return AutoDeductShape(
        party_id=party_id,
        currency=changed.currency,
        enabled=changed.enabled,
        percent=changed.percent,
        percent_in_force=rule.percent_of(changed.percent),
        daily_max=changed.daily_max,
        minimum_balance=changed.minimum_balance,
        minimum_balance_in_force=rule.minimum_balance_of(changed.minimum_balance, changed.currency),
        version=changed.version,
    )


def _moved(call: Call, party_id: int, body: MoneyBody, deed: Callable[..., int]) -> TransferShape:
    parties.get(call.session, party_id)
    amount = body.amount
    made = deed(
        call.session,
        party_id,
        amount.amount,
        amount.currency,
        reference=body.reference,
        at=call.at,
        actor=call.actor,
    )
    return transfer_shape(escrow_ledger.one(call.session, made))
