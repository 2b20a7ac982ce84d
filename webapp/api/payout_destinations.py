"""Where a party's payouts go, over HTTP."""

from typing import Annotated

from pydantic import Field

from webapp.api.asked_again import AskedAgain, ask_person_again
from webapp.api.endpoints import Call, Endpoints
from webapp.api.payout_shapes import DestinationShape, destination_shape
from webapp.api.shapes import Currency, Name, Word
from webapp.services import payout_destinations
from webapp.services.payout_destinations import KINDS, NewDestination

endpoints = Endpoints("parties")


class DestinationBody(AskedAgain):
    """A bank or mobile account. Its number is kept encrypted and never told again."""

    currency: Currency
    kind: Annotated[Word, Field(description=f"One of {', '.join(KINDS)}.", examples=["nuban"])]
    bank_code: Annotated[Word, Field(max_length=40)]
    account_number: Annotated[str, Field(min_length=4, max_length=60)]
    account_name: Name


@endpoints.put("/api/v1/parties/<id:party_id>/payout-destination", "party:write", before=ask_person_again)
def set_payout_destination(call: Call, party_id: int, body: DestinationBody) -> DestinationShape:
    """Set where the party's payouts in one currency go; those under way keep theirs."""
    new = NewDestination(**body.model_dump(exclude={"password"}))
    keys = call.runtime.settings.sealing_keys
    return destination_shape(
        payout_destinations.put(call.session, party_id, new, keys=keys, at=call.at, actor=call.actor)
    )
