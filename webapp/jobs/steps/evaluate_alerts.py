"""Evaluating the alert rules, by the watch job and by the scheduler's process alike: one alert, whoever is first."""

from collections.abc import Iterable

from webapp.logs import get_logger
from webapp.runtime import Runtime
from webapp.services.alerts import alerts, registry
from webapp.services.alerts.alerts import AlertFinding
from webapp.sql import database_now


def evaluate(runtime: Runtime) -> int:
    """Ask every rule about the database, fire or resolve its alerts, and say how many fired."""
    return _evaluate(runtime, outside=False)


def evaluate_all(runtime: Runtime) -> int:
    """Ask every rule, those about the surroundings too."""
    return evaluate(runtime) + _evaluate(runtime, outside=True)


def _evaluate(runtime: Runtime, *, outside: bool) -> int:
    """One that raises doesn't stop the others."""
    fired = 0
    for name, rule in registry.rules().items():
        try:
            fired += _ask(runtime, name, rule) if rule.outside == outside else 0
        except Exception:
            get_logger().exception("rule.failed", rule=name)
    return fired


def _ask(runtime: Runtime, name: str, rule: registry.AlertRule) -> int:
    found = _answers(runtime, rule)
    with runtime.db.reading() as session:
        same = alerts.is_current(session, name, found)
    if same:
        return 0
    with runtime.db.transaction() as session:
        return alerts.sync(session, name, rule.severity, found, database_now(session))


def _answers(runtime: Runtime, rule: registry.AlertRule) -> dict[str, AlertFinding]:
    if rule.outside:
        return _by_subject(rule.question(runtime.settings))
    with runtime.db.reading() as session:
        return _by_subject(rule.question(session, database_now(session), runtime.settings))


def _by_subject(answers: Iterable[registry.Answer]) -> dict[str, AlertFinding]:
    """What is said last of a subject, and every cause that was named."""
    found: dict[str, AlertFinding] = {}
    for subject, sentence, *causes in answers:
        known = found[subject[:200]].causes if subject[:200] in found else ()
        found[subject[:200]] = AlertFinding(sentence[:1000], [*known, *(causes[0] if causes else ())])
    return found
