"""Alerts: a rule that fired about a subject, once per firing; acknowledged or silenced by people, resolved by facts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.event_types import AlertFiring, AlertResolved
from webapp.domain.states import AlertStatus
from webapp.errors import Conflict, Invalid, NotFound, Overtaken
from webapp.models import Alert
from webapp.services import alert_rules, audit, checks, events
from webapp.sql import insert_new

_UNRESOLVED = Alert.status != AlertStatus.RESOLVED


def fire(
    session: Session, rule: str, subject: str, severity: str, sentence: str, at: datetime, *, anew: bool = False
) -> bool:
    """Fire an alert unless it is firing: the unique index lets one process in. Says whether it fired by this.

    `anew` is for facts that a person has to hear of each: with another sentence it fires again, aloud, also when
    somebody has acknowledged what came before.
    """
    said = sentence[:1000]
    row = insert_new(session, Alert).values(
        rule=rule,
        subject=subject[:200],
        severity=severity,
        status=AlertStatus.FIRING,
        sentence=said,
        fired_at=at,
        seen_at=at,
    )
    made = session.scalars(row.on_conflict_do_nothing().returning(Alert.id)).one_or_none()
    if made is not None:
        events.add(session, AlertFiring(), made, at=at)
        return True
    known = (Alert.rule == rule, Alert.subject == subject[:200], _UNRESOLVED)
    if anew and _fire_again(session, (*known, Alert.sentence != said), said, at):
        return True
    _update(session, known, sentence=said, seen_at=at)
    return False


def _fire_again(session: Session, known: Sequence[Any], sentence: str, at: datetime) -> bool:
    """Another fact of the same kind: what was seen to was the one before."""
    again = update(Alert).where(*known).execution_options(synchronize_session=False)
    fresh = {"status": AlertStatus.FIRING, "fired_at": at, "acknowledged_at": None, "acknowledged_by": None}
    found = session.scalars(again.values(**fresh, sentence=sentence, seen_at=at).returning(Alert.id)).one_or_none()
    if found is not None:
        events.add(session, AlertFiring(), found, at=at)
    return found is not None


def was_fired(session: Session, rule: str, subject: str) -> bool:
    """Whether an alert was ever fired about this, resolved ones included."""
    known = select(Alert.id).where(Alert.rule == rule, Alert.subject == subject[:200]).limit(1)
    return session.scalars(known).first() is not None


def resolve(session: Session, rule: str, subject: str, at: datetime) -> None:
    """The reason for an alert is gone."""
    found = select(Alert.id).where(Alert.rule == rule, Alert.subject == subject[:200], _UNRESOLVED)
    for alert_id in session.scalars(found).all():
        _resolve(session, alert_id, at)


def sync(session: Session, rule: str, severity: str, found: Mapping[str, str], at: datetime) -> int:
    """Make a rule's alerts be exactly what was found (subject: sentence); returns how many are new."""
    rows = session.execute(select(Alert.subject, Alert.id).where(Alert.rule == rule, _UNRESOLVED))
    known = dict(rows.all())
    for subject in known.keys() - found.keys():
        _resolve(session, known[subject], at)
    return sum(fire(session, rule, subject, severity, sentence, at) for subject, sentence in found.items())


def current(session: Session, rule: str) -> dict[str, str]:
    """What a rule says at present, by subject."""
    rows = session.execute(select(Alert.subject, Alert.sentence).where(Alert.rule == rule, _UNRESOLVED))
    return dict(rows.all())


def firing(session: Session, limit: int = 200) -> Sequence[Alert]:
    """Unresolved alerts, the newest first."""
    return session.scalars(select(Alert).where(_UNRESOLVED).order_by(Alert.id.desc()).limit(limit)).all()


def page(session: Session, *, status: str | None = None, before: int | None = None, limit: int = 50) -> Sequence[Alert]:
    """Alerts, newest first, after the id of the last one seen."""
    query = select(Alert) if status is None else select(Alert).where(Alert.status == status)
    query = query if before is None else query.where(Alert.id < before)
    return session.scalars(query.order_by(Alert.id.desc()).limit(limit)).all()


def acknowledge(session: Session, alert_id: int, *, actor: Actor, at: datetime) -> Alert:
    """Say that somebody has seen it and sees to it. Raises Conflict when it is not firing any more."""
    alert = _locked(session, alert_id, actor)
    if alert.status != AlertStatus.FIRING:
        raise Overtaken(f"This alert is {alert.status} already.")
    alert.status, alert.acknowledged_at, alert.acknowledged_by = AlertStatus.ACKNOWLEDGED, at, actor.name
    audit.record(session, actor, "alert.acknowledge", ("alert", alert_id), at=at)
    return alert


def silence(session: Session, alert_id: int, until: datetime, *, actor: Actor, at: datetime) -> Alert:
    """Send nothing about it until an instant; it stays visible."""
    if until <= at:
        raise Invalid("Silence ends in the future.", fields={"until": "Silence ends in the future."})
    alert = _locked(session, alert_id, actor)
    if alert.status == AlertStatus.RESOLVED:
        raise Overtaken("This alert is resolved already.")
    alert.silenced_until = until
    audit.record(session, actor, "alert.silence", ("alert", alert_id), at=at, after={"until": str(until)})
    return alert


def unsilence(session: Session, alert_id: int, *, actor: Actor, at: datetime) -> Alert:
    """Send again what there is to say about it. Raises Conflict when it is not silenced."""
    alert = _locked(session, alert_id, actor)
    if alert.silenced_until is None or alert.silenced_until <= at:
        raise Overtaken("This alert is not silenced.")
    before = {"until": str(alert.silenced_until)}
    alert.silenced_until = None
    audit.record(session, actor, "alert.unsilence", ("alert", alert_id), at=at, before=before)
    return alert


def resolve_by_hand(session: Session, alert_id: int, reason: str, *, actor: Actor, at: datetime) -> Alert:
    """Say that the reason for an alert of an event is gone, and how; should the event come again, it fires again.

    Raises Conflict for one whose rule is asked: it ends with its cause, and would fire again at once.
    """
    alert = _locked(session, alert_id, actor)
    said = checks.require_text(reason, "reason", "Say why it is over.")
    if alert.status == AlertStatus.RESOLVED:
        raise Overtaken("This alert is resolved already.")
    if alert.rule in alert_rules.rules():
        raise Conflict("Its rule is asked again every minute: it resolves by itself when its reason is gone.")
    before, after = {"status": alert.status}, {"status": str(AlertStatus.RESOLVED)}
    _resolve(session, alert_id, at)
    audit.record(session, actor, "alert.resolve", ("alert", alert_id), at=at, reason=said, before=before, after=after)
    return alert


def _locked(session: Session, alert_id: int, actor: Actor) -> Alert:
    actor.require("alert:manage")
    alert = session.get(Alert, alert_id, with_for_update=True, populate_existing=True)
    if alert is None:
        raise NotFound(f"There is no alert {alert_id}.")
    return alert


def _resolve(session: Session, alert_id: int, at: datetime) -> None:
    if _update(session, (Alert.id == alert_id, _UNRESOLVED), status=AlertStatus.RESOLVED, resolved_at=at):
        events.add(session, AlertResolved(), alert_id, at=at)


def _update(session: Session, where: Sequence[object], **values: object) -> int:
    statement = update(Alert).where(*where).values(**values).execution_options(synchronize_session=False)  # type: ignore[arg-type]
    return getattr(session.execute(statement), "rowcount", 0)
