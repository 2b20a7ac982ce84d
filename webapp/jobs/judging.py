"""Judging the alert rules, by the watch job and by the scheduler's process alike: one alert, whoever is first."""

from webapp import clock
from webapp.logs import get_logger
from webapp.runtime import Runtime
from webapp.services import alert_rules, alerts


def judge(runtime: Runtime) -> int:
    """Ask every rule, fire or resolve its alerts, and say how many fired. One that raises doesn't stop the others."""
    fired = 0
    for name, rule in alert_rules.rules().items():
        try:
            fired += _ask(runtime, name, rule)
        except Exception:
            get_logger().exception("rule.failed", rule=name)
    return fired


def _ask(runtime: Runtime, name: str, rule: alert_rules.Rule) -> int:
    now = clock.now()
    with runtime.db.reading() as session:
        found = dict(rule.question(session, now, runtime.settings))
        same = alerts.current(session, name) == found
    if same:
        return 0
    with runtime.db.transaction() as session:
        return alerts.sync(session, name, rule.severity, found, now)
