"""Alerts: what should have fired did, and each firing and each end was told once."""

from soak.oracle.findings import DOUBLED, LOST, WRONG, Rule

RULES = (
    Rule(
        "a run that failed fires an alert",
        LOST,
        """SELECT 'run', r.id, r.job, 'ended', r.status, 'and nothing fired' FROM run r
           WHERE r.status IN ('failed', 'lost') AND NOT r.dry_run AND NOT EXISTS (
             SELECT FROM alert a WHERE a.rule = 'run_failed' AND a.subject = r.job
             AND a.fired_at <= r.finished_at + interval '1 minute'
             AND (a.resolved_at IS NULL OR a.resolved_at >= r.finished_at))""",
    ),
    Rule(
        "an alert fires once",
        DOUBLED,
        """SELECT 'alert', rule, subject, 'fires', count(*), 'times at once' FROM alert WHERE status <> 'resolved'
           GROUP BY rule, subject HAVING count(*) > 1""",
    ),
    Rule(
        "a firing is told once",
        WRONG,
        """SELECT 'alert', a.id, a.rule, a.subject, 'fired', a.times, 'times, told', count(e.id) FROM alert a
           LEFT JOIN event e ON e.type = 'alert.firing' AND e.subject_kind = 'alert' AND e.subject_id = a.id
           GROUP BY a.id HAVING count(e.id) <> a.times""",
    ),
    Rule(
        "the end of an alert is told once",
        WRONG,
        """SELECT 'alert', a.id, a.rule, a.subject, 'is', a.status, 'and its end was told', count(e.id) FROM alert a
           LEFT JOIN event e ON e.type = 'alert.resolved' AND e.subject_kind = 'alert' AND e.subject_id = a.id
           GROUP BY a.id HAVING count(e.id) <> (CASE WHEN a.status = 'resolved' THEN 1 ELSE 0 END)""",
    ),
)
