"""Slots: every planned instant has one run, or is on record as missed; and nothing lies about unfinished."""

from datetime import datetime

import psycopg

from soak.oracle.findings import DOUBLED, LOST, UNSERVED, Finding, Rule, ask_all

RULES = (
    Rule(
        "a slot has one run",
        DOUBLED,
        """SELECT 'job', job, 'has', count(*), 'runs of', slot FROM run WHERE slot IS NOT NULL
           GROUP BY job, slot HAVING count(*) > 1""",
    ),
    Rule(
        "what is on record as missed has no run",
        DOUBLED,
        """SELECT 'job', m.job, 'ran', r.slot, 'which is on record as missed' FROM run m
           JOIN run r ON r.job = m.job AND r.id <> m.id AND r.slot BETWEEN m.slot AND m.missed_to
           WHERE m.missed_to IS NOT NULL""",
    ),
    Rule(
        "a slot is not missing",
        LOST,
        """SELECT 'job', s.job, 'has no run of', p.slot FROM schedule s
           CROSS JOIN LATERAL generate_series(
             date_trunc('hour', s.since), %(until)s::timestamptz, interval '1 minute') AS p(slot)
           WHERE s.cron ~ '^([*]|[*]/[0-9]+) [*] [*] [*] [*]$' AND s.zone = 'UTC' AND s.paused_at IS NULL
           AND p.slot > s.since AND p.slot <= %(until)s
           AND extract(minute FROM p.slot)::int
             %% coalesce(nullif(substring(s.cron FROM '^[*]/([0-9]+)'), '')::int, 1) = 0
           AND NOT EXISTS (SELECT FROM run r WHERE r.job = s.job
             AND p.slot BETWEEN r.slot AND coalesce(r.missed_to, r.slot))""",
    ),
    Rule(
        "a run ends",
        UNSERVED,
        """SELECT 'run', id, job, 'is', status, 'since', created_at FROM run
           WHERE status IN ('queued', 'running') AND created_at < %(until)s::timestamptz - interval '2 minutes'""",
    ),
    Rule(
        "one run of a job at a time moves money",
        DOUBLED,
        """SELECT 'job', job, 'runs', count(*), 'times at once' FROM run WHERE status = 'running' AND NOT dry_run
           GROUP BY job HAVING count(*) > 1""",
    ),
)


def check(connection: psycopg.Connection, until: datetime) -> list[Finding]:
    """What is wrong with slots up to an instant at which a scheduler was there."""
    return ask_all(connection, RULES, {"until": until})
