"""The registry of decisions: typed payloads, kept and read back; known wherever decisions are named."""

import json

import pytest
from pydantic import ValidationError

from webapp.admin.ui.timeline import ACTION_LABELS, DECISIONS, PROPOSALS
from webapp.services.approvals import executors
from webapp.services.approvals.executors import Payload


def samples(payload: type[Payload]) -> dict[str, object]:
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
