"""The audit trail over HTTP."""

import json
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from webapp.api.framework.pagination import newest_first
from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import (
    Id,
    Instant,
    Name,
    NewestFirst,
    Page,
    RequestInstant,
    ResponseModel,
    ShortText,
    to_page,
)
from webapp.models import Audit
from webapp.services.audit.search import by_actor
from webapp.services.audit.search_by_role import KNOWN, by_role

endpoints = Endpoints("audit")


def _known(role: str) -> str:
    if role not in KNOWN:
        raise ValueError(f"must be one of {', '.join(KNOWN)}")
    return role


class AuditQuery(NewestFirst):
    """Which records."""

    actor: Annotated[Name | None, Field(description="A key such as `job:auto_release`, or a user's email or name.")] = (
        None
    )
    role: Annotated[
        Annotated[str, AfterValidator(_known)] | None, Field(description="What the actor acted as then.")
    ] = None
    entity: Annotated[ShortText | None, Field(examples=["escrow"])] = None
    entity_id: Id | None = None
    action: Annotated[ShortText | None, Field(examples=["escrow.release"])] = None
    since: Annotated[RequestInstant | None, Field(alias="from", description="From this instant on.")] = None
    until: Annotated[RequestInstant | None, Field(alias="to", description="Before this instant.")] = None


class Entity(ResponseModel):
    """The thing that something was done to."""

    kind: str
    id: int


class AuditShape(ResponseModel):
    """Who did what to which thing, when, from where, why, before and after."""

    id: int
    at: Instant
    actor: str
    actor_name: str
    role: str | None
    action: str
    entity: Entity
    reason: str | None
    run_id: int | None
    request_id: str | None
    origin: str | None
    before: Any
    after: Any


@endpoints.get("/api/v2/audit-log", "audit:read")
def list_audit_log(call: Call, query: AuditQuery) -> Page[AuditShape]:
    """Records, newest first.

    `role` is what the actor acted as then, several with commas between: a person's roles; `job` or `cli`; `token`
    beside the roles of the person behind it. Asking for one finds it among others too. Records from before this was
    kept have none, and are not found by it.
    """
    wanted = {
        Audit.subject_kind: query.entity,
        Audit.subject_id: query.entity_id,
        Audit.action: query.action,
    }
    also = [by_actor(query.actor)] if query.actor else []
    also += [by_role(query.role)] if query.role else []
    also += [Audit.at >= query.since] if query.since else []
    also += [Audit.at < query.until] if query.until else []
    return to_page(newest_first(call.session, Audit, query, wanted, *also), query, _shape)


def _shape(found: Audit) -> AuditShape:
    return AuditShape(
        **{name: getattr(found, name) for name in AuditShape.model_fields if name not in ("entity", "before", "after")},
        entity=Entity(kind=found.subject_kind, id=found.subject_id),
        before=json.loads(found.before) if found.before else None,
        after=json.loads(found.after) if found.after else None,
    )
