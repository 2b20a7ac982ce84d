"""Alerts of the demo, in every state. What a rule finds untrue later it resolves by itself."""

from datetime import timedelta

from sqlalchemy import insert

from webapp.demo.seed.context import SeedContext
from webapp.demo.seed.runs import SILENT
from webapp.domain.states import AlertStatus
from webapp.jobs import registry
from webapp.models import Alert
from webapp.services.scheduling.job_health import health_of

_WALLETS, _HOLDS = "create_missing_wallets", "release_placement_holds"


def add_alerts(context: SeedContext) -> None:
    """One that fires about the silent job, and what was seen and settled before it."""
    operator = context.staff["operator"].name
    rows = [
        _alert(
            context,
            "run_failed",
            "auto_release",
            "page",
            "Run of auto_release ended failed: the database did not answer in time.",
            17,
            16.9,
        ),
        _alert(
            context,
            "run_failed",
            "verify_books",
            "page",
            "Run of verify_books ended failed: the database did not answer in time.",
            2.2,
            2.1,
        ),
        _alert(
            context,
            "long_run",
            "auto_release",
            "warn",
            "A run of auto_release took 412 s; longer than 300 s is long.",
            9,
            8.9,
        ),
        _alert(context, "silent", "worker", "page", "No worker has been heard of for 60 s.", 5.4, 5.3),
        _alert(context, "items_failed", _WALLETS, "page", f"3 of 12 items failed in a run of {_WALLETS}.", 1.2, None)
        | {"status": AlertStatus.ACKNOWLEDGED, "acknowledged_at": context.ago(1.1), "acknowledged_by": operator},
        _alert(context, "long_run", _HOLDS, "warn", f"A run of {_HOLDS} took 412 s.", 0.8, None)
        | {"silenced_until": context.now + timedelta(days=2)},
    ]
    late = health_of(context.session, SILENT, context.now).late_since if SILENT in registry() else None
    if late:
        since = (context.now - late).total_seconds() / 86_400
        rows.append(
            _alert(
                context,
                "no_execution",
                SILENT,
                "page",
                f"{SILENT} has not run since it was planned for {late:%Y-%m-%dT%H:%M:%SZ}.",
                since,
                None,
            )
        )
    context.session.execute(insert(Alert), [_complete(row) for row in rows])


def _alert(
    context: SeedContext, rule: str, subject: str, severity: str, sentence: str, fired: float, ended: float | None
) -> dict[str, object]:
    return {
        "rule": rule,
        "subject": subject,
        "severity": severity,
        "sentence": sentence,
        "fired_at": context.ago(fired),
        "seen_at": context.now if ended is None else context.ago(ended),
        "demo": True,
        "status": AlertStatus.FIRING if ended is None else AlertStatus.RESOLVED,
        "resolved_at": None if ended is None else context.ago(ended),
    }


def _complete(row: dict[str, object]) -> dict[str, object]:
    return {"acknowledged_at": None, "acknowledged_by": None, "silenced_until": None} | row
