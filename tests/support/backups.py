"""What tests of backups share: a desk with something in it, its backups, and an empty database beside it."""

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.support.market import AMINA, NOW, Market
from webapp.domain.actors import Actor
from webapp.jobs.steps.backups import restoring
from webapp.jobs.steps.backups.workspace import workspace
from webapp.models import Backup, Order
from webapp.runtime import Runtime
from webapp.services.disputes import evidence
from webapp.settings import Settings

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def some_trade(runtime: Runtime) -> Path:
    """Held money, and a dispute with a file of evidence; where that lies."""
    with runtime.db.transaction() as session:
        market = Market(session, runtime)
        market.escrow(5_000)
        dispute = market.dispute()
        folder = runtime.evidence_folder
        row = evidence.attach_file(
            session,
            dispute.id,
            side="buyer",
            name="box.png",
            data=PICTURE,
            folder=folder,
            at=NOW,
            actor=AMINA,
            settings=runtime.settings,
        )
        return folder / str(row.stored_as)


def backups(runtime: Runtime) -> list[Backup]:
    """Every backup on record, the oldest first."""
    with runtime.db.reading() as session:
        return list(session.scalars(select(Backup).order_by(Backup.id)))


def file_of(backup: Backup) -> Path:
    """Where its file lies."""
    return Path(backup.folder, backup.file)


def order_refs(session: Session) -> set[str]:
    """The references of all orders."""
    return set(session.scalars(select(Order.ref)))


def restored(file: Path, url: str, evidence_folder: Path, settings: Settings, actor: Actor) -> list[str]:
    """Restore a backup as `desk restore` does; what is wrong with the copy."""
    with workspace(settings.var_dir) as folder:
        found = restoring.opened(file, folder, settings, url=url, other_key=False)
        return restoring.restore(found, url, evidence_folder, settings, actor=actor, say=lambda _text: None)


def with_settings(runtime: Runtime, **changed: Any) -> Runtime:
    """The same desk with other settings."""
    return replace(runtime, settings=runtime.settings.model_copy(update=changed))
