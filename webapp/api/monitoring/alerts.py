"""Alerts over HTTP: what is the matter, who sees to it, and that it is over."""

from typing import Annotated, Literal

from pydantic import Field

from webapp.api.framework.pagination import newest_first
from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import (
    Instant,
    LongText,
    Name,
    NewestFirst,
    Page,
    RequestInstant,
    RequestModel,
    ResponseModel,
    ShortText,
    to_page,
)
from webapp.domain.states import AlertStatus
from webapp.models import Alert
from webapp.services.alerts import alerts
from webapp.services.monitoring import alert_subjects

endpoints = Endpoints("alerts")
_ONE = "/api/v1/alerts/<id:alert_id>"


class AlertsQuery(NewestFirst):
    """Which alerts; `about` is a reference, a name or a number, as the page searches for it."""

    status: AlertStatus | None = None
    rule: Annotated[ShortText | None, Field(description="The name of its rule, such as `payout_failed`.")] = None
    severity: Literal["page", "warn"] | None = None
    subject: Annotated[Name | None, Field(description="Exactly what it is about.")] = None
    about: Annotated[Name | None, Field(description="A job, dispute, payment, payout, provider or chargeback.")] = None
    fired_from: RequestInstant | None = None
    fired_until: Annotated[RequestInstant | None, Field(description="Before this instant.")] = None


class AlertShape(ResponseModel):
    """An alert: `firing`, `acknowledged` (somebody sees to it), or `resolved` (it is over).

    `times` is how often it has fired without being over in between. `resolved_by` is null when it ended by itself.
    """

    id: int
    rule: str
    subject: str
    severity: str
    status: str
    sentence: str
    times: int
    fired_at: Instant
    seen_at: Instant
    acknowledged_at: Instant | None
    acknowledged_by: str | None
    silenced_until: Instant | None
    resolved_at: Instant | None
    resolved_by: str | None
    resolution_reason: str | None


class ResolveInput(RequestModel):
    """How its cause came to be gone."""

    reason: LongText


class SilenceInput(RequestModel):
    """Until when nothing is sent about it."""

    until: RequestInstant


@endpoints.get("/api/v1/alerts", "alert:read")
def list_alerts(call: Call, query: AlertsQuery) -> Page[AlertShape]:
    """Alerts, newest first."""
    conditions = {
        Alert.status: query.status,
        Alert.rule: query.rule,
        Alert.severity: query.severity,
        Alert.subject: query.subject,
    }
    also = [alert_subjects.matching(query.about)] if query.about else []
    also += [Alert.fired_at >= query.fired_from] if query.fired_from else []
    also += [Alert.fired_at < query.fired_until] if query.fired_until else []
    return to_page(newest_first(call.session, Alert, query, conditions, *also), query, AlertShape.model_validate)


@endpoints.get(_ONE, "alert:read")
def get_alert(call: Call, alert_id: int) -> AlertShape:
    """One alert."""
    return AlertShape.model_validate(alerts.get(call.session, alert_id))


@endpoints.post(_ONE + "/acknowledge", "alert:manage")
def acknowledge_alert(call: Call, alert_id: int) -> AlertShape:
    """Say that somebody sees to it. It fires again when another fact of the same kind comes."""
    return AlertShape.model_validate(alerts.acknowledge(call.session, alert_id, actor=call.actor, at=call.at))


@endpoints.post(_ONE + "/resolve", "alert:manage")
def resolve_alert(call: Call, alert_id: int, body: ResolveInput) -> AlertShape:
    """Say that it is over, and how. Refused for one whose rule is asked: that ends by itself, with its cause."""
    return AlertShape.model_validate(
        alerts.resolve_by_hand(call.session, alert_id, body.reason, actor=call.actor, at=call.at)
    )


@endpoints.post(_ONE + "/silence", "alert:manage")
def silence_alert(call: Call, alert_id: int, body: SilenceInput) -> AlertShape:
    """Send nothing about it until an instant."""
    return AlertShape.model_validate(alerts.silence(call.session, alert_id, body.until, actor=call.actor, at=call.at))


@endpoints.post(_ONE + "/unsilence", "alert:manage")
def unsilence_alert(call: Call, alert_id: int) -> AlertShape:
    """Send again what there is to say about it."""
    return AlertShape.model_validate(alerts.unsilence(call.session, alert_id, actor=call.actor, at=call.at))
