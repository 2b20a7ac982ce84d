"""The history of runs as a list."""

from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l

from webapp.admin.ui.badges import BADGES
from webapp.admin.ui.late_words import read_late
from webapp.admin.ui.lists.columns import Column, choice, flag
from webapp.admin.ui.lists.listing import Listing
from webapp.domain.states import RunStatus, Trigger
from webapp.models import Run

TRIGGERS: dict[str, Any] = {
    Trigger.SCHEDULE: _l("schedule"),
    Trigger.MANUAL: _l("hand"),
    Trigger.API: _l("API"),
    Trigger.CATCH_UP: _l("catching up"),
    Trigger.RETRY: _l("retry"),
}

LISTING = Listing(
    key=Run.id,
    columns=(
        Column("id", _l("Run"), Run.id, kind="ref", link=lambda row: url_for("runs.one", run_id=row.id), sort=True),
        Column("status", _l("Outcome"), Run.status, kind="badge"),
        Column("dry_run", _l("Dry run"), Run.dry_run, shown=False),
        Column("trigger", _l("Started by"), Run.trigger),
        Column("by_name", _l("By"), Run.by_name, shown=False),
        Column("parameters", "", Run.parameters, shown=False, exported=False),
        Column("at", _l("Planned for"), Run.at, kind="when"),
        Column("started_at", _l("Start"), Run.started_at, kind="when", shown=False),
        Column("finished_at", _l("Took"), Run.finished_at, kind="number"),
        Column("succeeded", _l("Done"), Run.succeeded, kind="number"),
        Column("failed", _l("Failed"), Run.failed, kind="number"),
        Column("skipped", _l("Skipped"), Run.skipped, kind="number"),
        Column("amounts", _l("Amounts"), Run.amounts, kind="money"),
        Column("error", _l("Error"), Run.error, shown=False),
    ),
    filters=(
        choice("status", _l("Outcome"), Run.status, read_late({str(each): BADGES[each].word for each in RunStatus})),
        choice("trigger", _l("Started"), Run.trigger, [(str(trigger), label) for trigger, label in TRIGGERS.items()]),
        flag("dry", _l("Only dry runs"), Run.dry_run),
    ),
)
