"""Alerts: a rule that fired about a subject. People acknowledge or silence it; it ends when its cause is gone.

Acknowledged is "somebody sees to it", resolved is "it is over". A cause that is new fires it again.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.alert_definitions import Fact
from webapp.domain.outbox.event_types import AlertFiring, AlertResolved
from webapp.domain.states import AlertStatus
from webapp.domain.words import phrase
from webapp.errors import Conflict, Invalid, NotFound, Overtaken
from webapp.models import Alert
from webapp.services.alerts import registry
from webapp.services.audit import trail
from webapp.services.audit.trail import Record
from webapp.services.common import events, lookup, validation
from webapp.sql import insert_new, lock, one_of

_UNRESOLVED = Alert.status != AlertStatus.RESOLVED
_MOST_CAUSES = 500
MOST_AT_ONCE = 1_000
"""Alerts that are acknowledged at once."""


class AlertFinding(NamedTuple):
    """What is said of a subject, and the causes behind it: each that is not known yet is a new fact."""

    sentence: str
    causes: Collection[str] = ()


def fire(
    session: Session, fact: Fact, subject: str, sentence: str, at: datetime, *, causes: Collection[str] | None = None
) -> bool:
    """Fire an alert, or fire it again, aloud, for a cause that it has not fired for: the sentence, unless one is named.

    What was seen to, or silenced, was the cause before. Says whether it fired by this.
    """
    found = AlertFinding(sentence, [sentence] if causes is None else causes)
    return _fire(session, fact.name, fact.severity, subject, found, at, insists=fact.insists, fact=True)


def _fire(
    session: Session,
    rule: str,
    severity: str,
    subject: str,
    found: AlertFinding,
    at: datetime,
    *,
    insists: bool = False,
    fact: bool = False,
) -> bool:
    """The unique index lets one process in; what another resolved meanwhile fires as a new one."""
    for _attempt in range(2):
        if _insert(session, rule, severity, subject, found, at):
            return True
        known = (Alert.rule == rule, Alert.subject == subject[:200], _UNRESOLVED)
        query = select(Alert).where(*known).with_for_update().execution_options(populate_existing=True)
        if alert := session.scalars(query).one_or_none():
            return _learn(session, alert, found, at, insists=insists, fact=fact)
    return False


def _insert(session: Session, rule: str, severity: str, subject: str, found: AlertFinding, at: datetime) -> bool:
    row = insert_new(session, Alert).values(
        rule=rule,
        subject=subject[:200],
        severity=severity,
        status=AlertStatus.FIRING,
        sentence=found.sentence[:1000],
        causes=_bounded(found.causes),
        fired_at=at,
        seen_at=at,
    )
    made = session.scalars(row.on_conflict_do_nothing().returning(Alert.id)).one_or_none()
    if made is not None:
        events.add(session, AlertFiring(), made, at=at)
    return made is not None


def _learn(session: Session, alert: Alert, found: AlertFinding, at: datetime, *, insists: bool, fact: bool) -> bool:
    """Take what is said now. A cause that is new fires it again, unless it is calling for somebody already."""
    fresh = [cause for cause in _bounded(found.causes) if cause not in alert.causes]
    alert.sentence, alert.seen_at = found.sentence[:1000], at
    alert.causes = [*fresh, *alert.causes][:_MOST_CAUSES]
    again = bool(fresh) and (insists or alert.status == AlertStatus.ACKNOWLEDGED)
    if again:
        alert.status, alert.fired_at, alert.times = AlertStatus.FIRING, at, alert.times + 1
        alert.acknowledged_at = alert.acknowledged_by = None
        alert.silenced_until = None if fact else alert.silenced_until
    session.flush()
    if again:
        events.add(session, AlertFiring(), alert.id, at=at)
    return again


def _bounded(causes: Collection[str]) -> list[str]:
    return [cause[:200] for cause in causes][:_MOST_CAUSES]


def resolve(session: Session, rule: Fact | str, subject: str, at: datetime) -> None:
    """The cause of an alert is gone."""
    resolve_all(session, [rule], [subject], at)


def resolve_all(session: Session, rules: Collection[Fact | str], subjects: Sequence[str], at: datetime) -> None:
    """The causes of these rules' alerts about these subjects are gone."""
    names = [rule.name if isinstance(rule, Fact) else rule for rule in rules]
    about = Alert.subject.in_([subject[:200] for subject in subjects])
    for alert_id in session.scalars(select(Alert.id).where(Alert.rule.in_(names), about, _UNRESOLVED)).all():
        _resolve(session, alert_id, at)


def was_resolved_by_hand(session: Session, fact: Fact, subject: str, cause: str) -> bool:
    """Whether a person has said that this cause is settled: telling it once more is no news."""
    over = (Alert.rule == fact.name, Alert.subject == subject[:200], Alert.resolved_by.is_not(None))
    return any(cause in causes for causes in session.scalars(select(Alert.causes).where(*over)))


def sync(session: Session, rule: str, severity: str, found: Mapping[str, AlertFinding], at: datetime) -> int:
    """Make an asked rule's alerts be exactly what was found, by subject; returns how many fired."""
    _end_others(session, rule, found, at)
    return sum(_fire(session, rule, severity, subject, each, at) for subject, each in found.items())


def sync_facts(session: Session, fact: Fact, found: Mapping[str, AlertFinding], at: datetime) -> None:
    """Make the alerts of a fact be exactly what was found, by subject."""
    _end_others(session, fact.name, found, at)
    for subject, each in found.items():
        fire(session, fact, subject, each.sentence, at, causes=each.causes)


def _end_others(session: Session, rule: str, found: Mapping[str, AlertFinding], at: datetime) -> None:
    rows = session.execute(select(Alert.subject, Alert.id).where(Alert.rule == rule, _UNRESOLVED))
    subjects = {subject[:200] for subject in found}
    for subject, alert_id in rows.all():
        if subject not in subjects:
            _resolve(session, alert_id, at)


def is_current(session: Session, rule: str, found: Mapping[str, AlertFinding]) -> bool:
    """Whether a rule's alerts say already what was found, and know its causes."""
    columns = (Alert.subject, Alert.sentence, Alert.causes)
    rows = session.execute(select(*columns).where(Alert.rule == rule, _UNRESOLVED))
    known = {row.subject: AlertFinding(row.sentence, row.causes) for row in rows}
    sentences = {subject: each.sentence for subject, each in known.items()}
    if sentences != {subject: each.sentence for subject, each in found.items()}:
        return False
    return all(set(_bounded(each.causes)) <= set(known[subject].causes) for subject, each in found.items())


def get(session: Session, alert_id: int) -> Alert:
    """One alert. Raises NotFound."""
    return lookup.by_id(session, Alert, alert_id, "alert")


def unresolved_sentence(session: Session, rule: str, subject: str) -> str:
    """What is the matter with the subject; empty when nothing is."""
    known = (Alert.rule == rule, Alert.subject == subject, _UNRESOLVED)
    return session.scalars(select(Alert.sentence).where(*known).limit(1)).first() or ""


def acknowledge(session: Session, alert_id: int, *, actor: Actor, at: datetime) -> Alert:
    """Say that somebody has seen it and sees to it. Raises Conflict when it is not firing any more."""
    alert = _locked(session, alert_id, actor)
    if alert.status != AlertStatus.FIRING:
        raise Overtaken(phrase("This alert is %(status)s already.", status=alert.status))
    alert.status, alert.acknowledged_at, alert.acknowledged_by = AlertStatus.ACKNOWLEDGED, at, actor.name
    trail.record(session, actor, "alert.acknowledge", ("alert", alert_id), at=at)
    return alert


def acknowledge_all(session: Session, ids: Sequence[int], *, actor: Actor, at: datetime) -> int:
    """The same for many, at most MOST_AT_ONCE; returns how many of them were firing still. Raises Conflict for none."""
    actor.require("alert:manage")
    if len(ids) > MOST_AT_ONCE:
        raise Invalid(phrase("At most %(MOST)s at once.", MOST=MOST_AT_ONCE))
    lock(session, Alert, ids)
    seen = session.scalars(
        update(Alert)
        .where(one_of(session, Alert.id, list(ids)), Alert.status == AlertStatus.FIRING)
        .values(status=AlertStatus.ACKNOWLEDGED, acknowledged_at=at, acknowledged_by=actor.name)
        .returning(Alert.id)
        .execution_options(synchronize_session=False)
    ).all()
    if not seen:
        raise Overtaken(phrase("None of these is firing any more."))
    trail.record_many(session, actor, [Record("alert.acknowledge", ("alert", each)) for each in sorted(seen)], at=at)
    return len(seen)


def silence(session: Session, alert_id: int, until: datetime, *, actor: Actor, at: datetime) -> Alert:
    """Send nothing about it until an instant; it stays visible."""
    if until <= at:
        raise Invalid(phrase("Silence ends in the future."), fields={"until": phrase("Silence ends in the future.")})
    alert = _locked(session, alert_id, actor)
    if alert.status == AlertStatus.RESOLVED:
        raise Overtaken(phrase("This alert is resolved already."))
    alert.silenced_until = until
    trail.record(session, actor, "alert.silence", ("alert", alert_id), at=at, after={"until": str(until)})
    return alert


def unsilence(session: Session, alert_id: int, *, actor: Actor, at: datetime) -> Alert:
    """Send again what there is to say about it. Raises Conflict when it is not silenced."""
    alert = _locked(session, alert_id, actor)
    if alert.silenced_until is None or alert.silenced_until <= at:
        raise Overtaken(phrase("This alert is not silenced."))
    before = {"until": str(alert.silenced_until)}
    alert.silenced_until = None
    trail.record(session, actor, "alert.unsilence", ("alert", alert_id), at=at, before=before)
    return alert


def resolve_by_hand(session: Session, alert_id: int, reason: str, *, actor: Actor, at: datetime) -> Alert:
    """Say that the reason for an alert of an event is gone, and how; should the event come again, it fires again.

    Raises Conflict for one whose rule is asked: it ends with its cause, and would fire again at once.
    """
    alert = _locked(session, alert_id, actor)
    reason = validation.require_text(reason, "reason", phrase("Say why it is over."))
    if alert.status == AlertStatus.RESOLVED:
        raise Overtaken(phrase("This alert is resolved already."))
    if alert.rule in registry.rules():
        raise Conflict(phrase("Its rule is asked again every minute: it resolves by itself when its reason is gone."))
    before, after = {"status": alert.status}, {"status": str(AlertStatus.RESOLVED)}
    alert.resolved_by, alert.resolution_reason = actor.name, reason
    session.flush()
    _resolve(session, alert_id, at)
    trail.record(session, actor, "alert.resolve", ("alert", alert_id), at=at, reason=reason, before=before, after=after)
    session.refresh(alert)
    return alert


def _locked(session: Session, alert_id: int, actor: Actor) -> Alert:
    actor.require("alert:manage")
    alert = session.get(Alert, alert_id, with_for_update=True, populate_existing=True)
    if alert is None:
        raise NotFound(phrase("There is no alert %(alert_id)s.", alert_id=alert_id))
    return alert


def _resolve(session: Session, alert_id: int, at: datetime) -> None:
    if _update(session, (Alert.id == alert_id, _UNRESOLVED), status=AlertStatus.RESOLVED, resolved_at=at):
        events.add(session, AlertResolved(), alert_id, at=at)


def _update(session: Session, where: Sequence[object], **values: object) -> int:
    statement = update(Alert).where(*where).values(**values).execution_options(synchronize_session=False)  # type: ignore[arg-type]
    return getattr(session.execute(statement), "rowcount", 0)
