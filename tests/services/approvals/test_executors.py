"""The registry of decisions: typed payloads, kept and read back; known wherever decisions are named."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from webapp.admin.ui.timeline import ACTION_LABELS, DECISIONS, PROPOSALS
from webapp.services.approvals import executors
from webapp.services.approvals.executors import Payload


def samples(payload: type[Payload]) -> dict[str, Any]:
    """Something for each field that has to be there."""
    required = {name: field for name, field in payload.model_fields.items() if field.is_required()}
    return {name: 1 if field.annotation is int else "x" for name, field in required.items()}


@pytest.mark.parametrize("action", executors.actions())
def test_a_payload_is_read_back_as_it_was_kept(action: str) -> None:
    payload = executors.find(action).payload
    required = samples(payload)
    made = payload(**required)

    assert payload.model_validate(json.loads(json.dumps(made.model_dump(mode="json")))) == made


@pytest.mark.parametrize("action", executors.actions())
def test_a_payload_with_an_unknown_field_is_refused(action: str) -> None:
    payload = executors.find(action).payload
    required = samples(payload)
    with pytest.raises(ValidationError, match="extra"):
        payload.model_validate(required | {"also": "pay Bosco"})


@pytest.mark.parametrize("action", executors.actions())
def test_every_decision_has_its_words_on_the_pages(action: str) -> None:
    assert action in PROPOSALS
    assert action in ACTION_LABELS
    assert action in DECISIONS or action == "dispute.resolve"


Stored = dict[str, object]
_WHY: Stored = {"reason": "It is right so."}
_ALONE = [
    "escrow.release",
    "escrow.refund",
    "escrow.void",
    "payment.accept",
    "payment.refund",
    "payment.mark_paid",
    "payment.keep",
    "payment.same_money",
    "payment.write_off",
    "payment.claw_back",
    "payment.refund_rest",
    "payment.give_again",
    "payout.claw_back",
    "payout.write_off",
    "payout.mark_paid",
    "payout.give_back",
    "transfer.reverse",
    "transfer.reverse_and_refund",
]
_MONEY: Stored = {"amount": 500, "currency": "NGN", "reference": "dep-1", "provider_reference": None}
_SPLIT: Stored = {"buyer_amount": 600, "seller_amount": 400}
STORED: list[tuple[str, Stored]] = [
    *((action, _WHY) for action in _ALONE),
    *((f"payment.{verb}", _WHY | {"part": part}) for verb in ("write_off", "claw_back") for part in (None, 100)),
    *((f"payout.{verb}", _WHY | {"known": "sent"}) for verb in ("mark_paid", "give_back")),
    *((f"transfer.{verb}", _WHY | {"to_debt": True}) for verb in ("reverse", "reverse_and_refund")),
    ("transfer.reverse_and_split", _WHY | {"to_debt": False} | _SPLIT),
    *((f"party.{verb}", _WHY | _MONEY) for verb in ("deposit", "owe", "repay")),
    ("dispute.resolve", _WHY | {"resolution": "split", "code": "shared_fault"} | _SPLIT),
    ("dispute.resolve", _WHY | {"resolution": "no_fault", "code": "policy", "cooldown_hours": 24}),
]
"""Proposals as databases have them: a name here never changes, for what waits must still be read after an update."""


@pytest.mark.parametrize(("action", "kept"), STORED)
def test_a_proposal_that_an_older_desk_kept_is_read(action: str, kept: Stored) -> None:
    payload = executors.find(action).payload

    assert payload.model_validate(kept).model_dump(mode="json", exclude_unset=True) == kept


def test_of_every_decision_a_kept_proposal_is_known() -> None:
    assert sorted({action for action, _ in STORED}) == executors.actions()
