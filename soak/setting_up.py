"""What an operator does once before a desk is used: migrate, add people and tokens, plan the jobs."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from webapp import clock
from webapp.commands.shared import operator
from webapp.domain.permissions import SCOPES
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.migrations import upgrade
from webapp.runtime import build_runtime
from webapp.services.scheduling import schedule_changes, schedules
from webapp.services.scheduling.schedule_changes import ScheduleChanges
from webapp.services.users import api_tokens, users
from webapp.settings import load_settings

CURRENCY = "NGN"
PROPOSED = "KES"
"""One without a limit: whatever people or machines decide over it by hand waits for a second person."""
_MOST_A_DAY = {CURRENCY: 90_000_000_000}
_ROLES = ("agent", "approver", "operator", "admin")
_SELDOM = ("back_up", "send_weekly_report", "send_monthly_report", "aggregate_analytics", "clean_up_data")
"""Jobs that are left to their own hours: they say nothing about money, and take long."""
_PLANS = {"verify_books": "*/5 * * * *", "check_pending_payments": "*/2 * * * *"}


@dataclass(frozen=True)
class Accounts:
    """The tokens by name, and the people's addresses and passwords by role."""

    tokens: Mapping[str, str]
    people: Mapping[str, tuple[str, str]]


def set_up(database: str, secret: str, settings: Mapping[str, str], *, hurried: bool = True) -> Accounts:
    """Make the desk's tables, tokens, people and plans: every job of money once a minute, unless it is not hurried."""
    upgrade(database)
    given = {name.lower(): value for name, value in settings.items() if name in ("APPROVAL_LIMITS", "LEDGER")}
    runtime = build_runtime(load_settings(database_url=database, secret_key=secret, env="test", **given))
    at, actor = clock.now(), operator()
    register_jobs(runtime)
    people = {role: (f"{role}@soak.test", secrets.token_hex(16)) for role in _ROLES}
    tokens = {}
    with runtime.db.transaction() as session:
        for name in ("shop", "probe"):
            _, tokens[name] = api_tokens.create(
                session, name=name, scopes=list(SCOPES), expires_at=None, at=at, actor=actor, daily_limits=_MOST_A_DAY
            )
        for role, (email, password) in people.items():
            users.create(session, email=email, name=role, roles=[role], password=password, at=at, actor=actor)
        for schedule in schedules.all_schedules(session) if hurried else ():
            if schedule.job in _SELDOM:
                continue
            plan = ScheduleChanges(
                cron=_PLANS.get(schedule.job, "* * * * *"),
                zone="UTC",
                grace_seconds=600,
                max_duration_seconds=60,
                long_run_seconds=schedule.long_run_seconds,
                failed_items_percent=schedule.failed_items_percent,
                catch_up=schedule.catch_up,
            )
            schedule_changes.change(session, schedule.job, plan, version=schedule.version, actor=actor, at=at)
    runtime.db.engine.dispose()
    return Accounts(tokens, people)
