"""What is said and attached in a dispute, over HTTP."""

import base64
import binascii
from typing import Annotated, Literal

from pydantic import Field

from webapp.api.dispute_shapes import EvidenceShape, MessageShape
from webapp.api.endpoints import Call, Endpoints
from webapp.api.shapes import Input, Name, Number, Sentence, Shape
from webapp.errors import Invalid, NotFound
from webapp.services import dispute_work, disputes, evidence

endpoints = Endpoints("disputes")
_ADDRESS = "/api/v1/disputes/<id:dispute_id>"
_LONGEST = 140_000_000


class MessageBody(Input):
    """What is said, and who reads it; `inbound` when it came from the party."""

    audience: Literal["buyer", "seller", "internal"]
    body: Sentence
    inbound: bool = False


class EvidenceBody(Input):
    """A text, or a file in base64 with its name."""

    side: Literal["buyer", "seller", "desk"]
    body: Sentence | None = None
    name: Name | None = None
    content: Annotated[str | None, Field(max_length=_LONGEST, description="The file in base64.")] = None


class SubmitBody(Input):
    """Which staged evidence becomes part of the case."""

    evidence_id: Number


class Messages(Shape):
    """What was said, oldest first; there is no second page."""

    data: list[MessageShape]
    next_cursor: None = None


class Papers(Shape):
    """Everything attached, oldest first; there is no second page."""

    data: list[EvidenceShape]
    next_cursor: None = None


@endpoints.get(f"{_ADDRESS}/messages", "dispute:read")
def list_messages(call: Call, dispute_id: int) -> Messages:
    """What was said to and by whom."""
    disputes.get(call.session, dispute_id)
    found = dispute_work.messages(call.session, dispute_id)
    return Messages(data=[MessageShape.model_validate(message) for message in found])


@endpoints.post(f"{_ADDRESS}/messages", "dispute:work", status=201)
def add_message(call: Call, dispute_id: int, body: MessageBody) -> MessageShape:
    """Say something to a party, note its answer, or write an internal note."""
    said = dispute_work.say(
        call.session, dispute_id, body.audience, body.body, at=call.at, actor=call.actor, inbound=body.inbound
    )
    return MessageShape.model_validate(said)


@endpoints.get(f"{_ADDRESS}/evidence", "dispute:read")
def list_evidence(call: Call, dispute_id: int) -> Papers:
    """Everything that is attached."""
    disputes.get(call.session, dispute_id)
    found = evidence.listed(call.session, dispute_id)
    return Papers(data=[EvidenceShape.model_validate(paper) for paper in found])


@endpoints.post(f"{_ADDRESS}/evidence", "dispute:work", status=201)
def add_evidence(call: Call, dispute_id: int, body: EvidenceBody) -> EvidenceShape:
    """Stage a file or a text. What a file is, its content says."""
    disputes.get(call.session, dispute_id)
    if body.content is None:
        text = body.body or ""
        made = evidence.attach_text(call.session, dispute_id, side=body.side, body=text, at=call.at, actor=call.actor)
        return EvidenceShape.model_validate(made)
    made = evidence.attach_file(
        call.session,
        dispute_id,
        side=body.side,
        name=body.name or "file",
        data=_decoded(body.content),
        folder=call.runtime.evidence_folder,
        at=call.at,
        actor=call.actor,
        settings=call.runtime.settings,
    )
    return EvidenceShape.model_validate(made)


@endpoints.post(f"{_ADDRESS}/evidence/submit", "dispute:work")
def submit_evidence(call: Call, dispute_id: int, body: SubmitBody) -> EvidenceShape:
    """Make staged evidence part of the case."""
    if body.evidence_id not in [paper.id for paper in evidence.listed(call.session, dispute_id)]:
        raise NotFound("This dispute has no such evidence.")
    submitted = evidence.submit(call.session, body.evidence_id, at=call.at, actor=call.actor)
    return EvidenceShape.model_validate(submitted)


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("The file is not base64.", fields={"content": "Send the file in base64."}) from None
