"""Comparisons of our books with others' over HTTP, and on what they differ."""

from typing import Literal

from pydantic import AwareDatetime

from webapp.api.framework.pagination import newest_first
from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import NewestFirst, Page, ResponseModel, ShortText, to_page
from webapp.models import Discrepancy, Reconciliation
from webapp.services.reconciliation import discrepancies

endpoints = Endpoints("reconciliations")


class ReconciliationsQuery(NewestFirst):
    """Which comparisons."""

    source: ShortText | None = None


class ReconciliationShape(ResponseModel):
    """One comparison; `error` is why it could not be finished, when it could not."""

    id: int
    source: str
    run_id: int | None
    at: AwareDatetime
    since: AwareDatetime | None
    until: AwareDatetime | None
    compared: int
    matched: int
    missing_here: int
    missing_there: int
    skipped: int
    undecided: int
    collected_twice: int
    different: int
    accepted: int
    error: str | None


class DiscrepanciesQuery(NewestFirst):
    """Which discrepancies; `state` is open unless it is said. Accepted ones stay as a person accepted them."""

    source: ShortText | None = None
    kind: Literal["missing_here", "missing_there", "different"] | None = None
    state: Literal["open", "accepted", "resolved", "all"] = "open"


class DiscrepancyShape(ResponseModel):
    """Something on which two books differ; amounts in minor units."""

    id: int
    source: str
    kind: str
    reference: str
    currency: str | None
    ours: int | None
    theirs: int | None
    detail: str
    subject_kind: str | None
    subject_id: int | None
    first_seen_at: AwareDatetime
    last_seen_at: AwareDatetime
    accepted_at: AwareDatetime | None
    accepted_by: str | None
    accepted_reason: str | None
    resolved_at: AwareDatetime | None


@endpoints.get("/api/v1/reconciliations", "book:read")
def list_reconciliations(call: Call, query: ReconciliationsQuery) -> Page[ReconciliationShape]:
    """Comparisons, newest first."""
    found = newest_first(call.session, Reconciliation, query, {Reconciliation.source: query.source})
    return to_page(found, query, ReconciliationShape.model_validate)


@endpoints.get("/api/v1/discrepancies", "book:read")
def list_discrepancies(call: Call, query: DiscrepanciesQuery) -> Page[DiscrepancyShape]:
    """Discrepancies, newest first."""
    conditions = {Discrepancy.source: query.source, Discrepancy.kind: query.kind}
    states = {"open": [discrepancies.OPEN], "accepted": [discrepancies.ACCEPTED], "all": []}
    state = (states | {"resolved": [Discrepancy.resolved_at.is_not(None)]})[query.state]
    found = newest_first(call.session, Discrepancy, query, conditions, *state)
    return to_page(found, query, DiscrepancyShape.model_validate)
