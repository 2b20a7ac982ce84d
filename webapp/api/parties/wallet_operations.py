"""Money of a party over HTTP: deposits, debts, repayments, and its standing order to repay.

A token books within its own daily limit; what a person books above theirs is proposed to a second person.
"""

from typing import Annotated

from pydantic import Field

from webapp.api.approvals.schemas import Decision, decision
from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import (
    Amount,
    Currency,
    MinorUnits,
    ProviderReference,
    Reference,
    RequestModel,
    ResponseModel,
    Version,
)
from webapp.api.ledger import TransferShape, transfer_shape
from webapp.services.ledger import transfer_queries
from webapp.services.parties import auto_deduct_mandates, parties, wallet_operations
from webapp.services.parties.auto_deduct_mandates import MandateTerms
from webapp.services.parties.wallet_operations import PERMISSION, NewMoney

endpoints = Endpoints("parties")


class MoneyBody(RequestModel):
    """How much, under a reference that is used once, and where it came from: the provider's reference, or a reason."""

    amount: Amount
    reference: Reference
    provider_reference: ProviderReference | None = None
    reason: Annotated[str | None, Field(max_length=2_000)] = None


class PartyDecision(Decision):
    """What came of it; the transfer is there once it is executed."""

    transfer: TransferShape | None


class AutoDeductBody(RequestModel):
    """The standing order of one currency; amounts in its minor units.

    Without `percent` or `minimum_balance` those of the desk's settings hold, as they are on the day.
    """

    currency: Currency
    enabled: bool
    percent: Annotated[int | None, Field(strict=True, ge=1, le=100)] = None
    daily_max: Annotated[MinorUnits | None, Field(ge=1)] = None
    minimum_balance: MinorUnits | None = None
    version: Version = None


class AutoDeductShape(ResponseModel):
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


@endpoints.post("/api/v1/parties/<id:party_id>/deposits", PERMISSION, status=201)
def deposit(call: Call, party_id: int, body: MoneyBody) -> PartyDecision:
    """Money from outside into the wallet."""
    return _decided(call, party_id, body, "party.deposit")


@endpoints.post("/api/v1/parties/<id:party_id>/debts", PERMISSION, status=201)
def add_debt(call: Call, party_id: int, body: MoneyBody) -> PartyDecision:
    """A debt that the party brings along."""
    return _decided(call, party_id, body, "party.owe")


@endpoints.post("/api/v1/parties/<id:party_id>/repayments", PERMISSION, status=201)
def repay(call: Call, party_id: int, body: MoneyBody) -> PartyDecision:
    """A repayment from the wallet: neither above the debt nor above the wallet."""
    return _decided(call, party_id, body, "party.repay")


@endpoints.put("/api/v1/parties/<id:party_id>/auto-deduct", "party:auto-deduct")
def set_auto_deduct(call: Call, party_id: int, body: AutoDeductBody) -> AutoDeductShape:
    """Set the standing order of one currency as a whole."""
    parties.get(call.session, party_id)
    order = MandateTerms(body.enabled, body.percent, body.daily_max, body.minimum_balance)
    known = auto_deduct_mandates.find(call.session, party_id, body.currency)
    present = known.version if known else 0
    version = present if body.version is None else body.version
    changed = auto_deduct_mandates.change(
        call.session, party_id, body.currency, order, version=version, at=call.at, actor=call.actor
    )
    rule = auto_deduct_mandates.rule(call.runtime.settings)
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


def _decided(call: Call, party_id: int, body: MoneyBody, action: str) -> PartyDecision:
    amount = body.amount
    new = NewMoney(amount.amount, amount.currency, body.reference, body.provider_reference or "", body.reason or "")
    settings = call.runtime.settings
    decided = wallet_operations.decide(
        call.session, action, party_id, new, at=call.at, actor=call.actor, settings=settings
    )
    moved = transfer_queries.by_reference(call.session, body.reference) if decided.executed else None
    return PartyDecision(
        **decision(decided).model_dump(), transfer=transfer_shape(moved) if moved is not None else None
    )
