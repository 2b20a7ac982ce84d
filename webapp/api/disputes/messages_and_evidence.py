"""What is said and attached in a dispute, over HTTP."""

import base64
import binascii
from typing import Annotated, Literal

from pydantic import Field

from webapp.api.disputes.schemas import EvidenceShape, MessageShape
from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import LongText, Name, Number, OldestFirst, Page, RequestModel, to_page
from webapp.errors import Invalid
from webapp.models import Evidence
from webapp.services.disputes import disputes, evidence, handling

endpoints = Endpoints("disputes")
_ADDRESS = "/api/v1/disputes/<id:dispute_id>"
_LONGEST = 140_000_000


class MessageBody(RequestModel):
    """What is said, and who reads it; `inbound` when it came from the party."""

    audience: Literal["buyer", "seller", "internal"]
    body: LongText
    inbound: bool = False


class EvidenceBody(RequestModel):
    """A text, or a file in base64 with its name."""

    side: Literal["buyer", "seller", "desk"]
    body: LongText | None = None
    name: Name | None = None
    content: Annotated[str | None, Field(max_length=_LONGEST, description="The file in base64.")] = None


class SubmitBody(RequestModel):
    """Which staged evidence becomes part of the case."""

    evidence_id: Number


@endpoints.get(f"{_ADDRESS}/messages", "dispute:read")
def list_messages(call: Call, dispute_id: int, query: OldestFirst) -> Page[MessageShape]:
    """What was said to and by whom, oldest first."""
    disputes.get(call.session, dispute_id)
    found = handling.messages(call.session, dispute_id, after=query.after, limit=query.limit + 1)
    return to_page(found, query, MessageShape.model_validate)


@endpoints.post(f"{_ADDRESS}/messages", "dispute:work", status=201)
def add_message(call: Call, dispute_id: int, body: MessageBody) -> MessageShape:
    """Say something to a party, note its answer, or write an internal note."""
    message = handling.say(
        call.session, dispute_id, body.audience, body.body, at=call.at, actor=call.actor, inbound=body.inbound
    )
    return MessageShape.model_validate(message)


@endpoints.get(f"{_ADDRESS}/evidence", "dispute:read")
def list_evidence(call: Call, dispute_id: int, query: OldestFirst) -> Page[EvidenceShape]:
    """Everything that is attached, oldest first."""
    disputes.get(call.session, dispute_id)
    found = evidence.listed(call.session, dispute_id, after=query.after, limit=query.limit + 1)
    return to_page(found, query, EvidenceShape.model_validate)


@endpoints.post(f"{_ADDRESS}/evidence", "dispute:work", status=201)
def add_evidence(call: Call, dispute_id: int, body: EvidenceBody) -> EvidenceShape:
    """Stage a file or a text. What a file is, its content says."""
    disputes.get(call.session, dispute_id)
    if body.content is not None and body.body is not None:
        sentence = "Send either a text in `body` or a file in `content`, not both."
        raise Invalid(sentence, fields={"body": sentence, "content": sentence})
    made = _text(call, dispute_id, body) if body.content is None else _file(call, dispute_id, body, body.content)
    return EvidenceShape.model_validate(made)


@endpoints.post(f"{_ADDRESS}/evidence/submit", "dispute:work")
def submit_evidence(call: Call, dispute_id: int, body: SubmitBody) -> EvidenceShape:
    """Make staged evidence part of the case."""
    evidence.require_of(call.session, dispute_id, body.evidence_id)
    submitted = evidence.submit(call.session, body.evidence_id, at=call.at, actor=call.actor)
    return EvidenceShape.model_validate(submitted)


def _text(call: Call, dispute_id: int, body: EvidenceBody) -> Evidence:
    text = body.body or ""
    return evidence.attach_text(call.session, dispute_id, side=body.side, body=text, at=call.at, actor=call.actor)


def _file(call: Call, dispute_id: int, body: EvidenceBody, content: str) -> Evidence:
    try:
        return evidence.attach_file(
            call.session,
            dispute_id,
            side=body.side,
            name=body.name or "file",
            data=_decoded(content),
            folder=call.runtime.evidence,
            at=call.at,
            actor=call.actor,
            settings=call.runtime.settings,
        )
    except Invalid as refusal:
        raise Invalid(
            refusal.detail,
            fields={"content" if name == "file" else name: reason for name, reason in refusal.fields.items()},
        ) from None


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("The file is not base64.", fields={"content": "Send the file in base64."}) from None
