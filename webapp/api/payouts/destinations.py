"""Where a party's payouts go, over HTTP."""

from typing import Annotated

from pydantic import Field

from webapp.api.framework.reauthentication import Reauthentication, require_reauthentication
from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import Currency, Name, ReasonBody, ResponseModel, ShortText
from webapp.api.payouts.schemas import DestinationShape, destination_shape
from webapp.domain.payouts.payout_accounts import CURRENCIES
from webapp.services.parties import parties
from webapp.services.payouts import destinations as payout_destinations
from webapp.services.payouts.destinations import NewDestination

endpoints = Endpoints("parties")
_KINDS = ", ".join(f"`{kind}` ({' or '.join(some)})" for kind, some in CURRENCIES.items())
_ADDRESS = "/api/v1/payout-destinations/<id:destination_id>"


class DestinationBody(Reauthentication):
    """A bank or mobile account. Its number is kept encrypted and never told again."""

    currency: Currency
    kind: Annotated[ShortText, Field(description=f"One of {_KINDS}.", examples=["nuban"])]
    bank_code: Annotated[ShortText, Field(max_length=40)]
    account_number: Annotated[str, Field(min_length=4, max_length=60)]
    account_name: Name
    account_reference: Annotated[
        str, Field(max_length=40, description="Only for `mobile_money_business`: the account behind a Paybill or Till.")
    ] = ""


class Destinations(ResponseModel):
    """Every destination in use; there is no second page."""

    data: list[DestinationShape]
    next_cursor: None = None


@endpoints.put("/api/v1/parties/<id:party_id>/payout-destination", "party:write", precheck=require_reauthentication)
def set_payout_destination(call: Call, party_id: int, body: DestinationBody) -> DestinationShape:
    """Set where the party's payouts in one currency go; those under way keep theirs.

    A new one waits until `effective_at`, or until a second person approves it: nothing is paid in its currency before.
    """
    new = NewDestination(**body.model_dump(exclude={"password"}))
    made = payout_destinations.put(
        call.session, party_id, new, at=call.at, actor=call.actor, settings=call.runtime.settings
    )
    return destination_shape(made)


@endpoints.get("/api/v1/parties/<id:party_id>/payout-destinations", "payout:read")
def list_payout_destinations(call: Call, party_id: int) -> Destinations:
    """Where the party's payouts go, one for each currency."""
    parties.get(call.session, party_id)
    return Destinations(data=[destination_shape(each) for each in payout_destinations.in_use(call.session, party_id)])


@endpoints.post(f"{_ADDRESS}/approve", "money:approve", precheck=require_reauthentication)
def approve_payout_destination(call: Call, destination_id: int, body: Reauthentication) -> DestinationShape:
    """A second person lets a new destination be paid to at once."""
    settings = call.runtime.settings
    return destination_shape(
        payout_destinations.approve(call.session, destination_id, at=call.at, actor=call.actor, settings=settings)
    )


@endpoints.post(f"{_ADDRESS}/reject", "money:approve")
def reject_payout_destination(call: Call, destination_id: int, body: ReasonBody) -> DestinationShape:
    """A new destination is given up while it waits; the one before is used again."""
    return destination_shape(
        payout_destinations.reject(call.session, destination_id, body.reason, at=call.at, actor=call.actor)
    )
