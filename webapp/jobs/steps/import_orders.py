"""A file of orders that somebody sent in the browser: checked, and once confirmed loaded, in that person's name."""

import tempfile
import time
from itertools import islice
from pathlib import Path

from sqlalchemy import update
from sqlalchemy.orm import Session

from webapp.domain.words import phrase
from webapp.errors import Refusal
from webapp.importers.orders import Imported, OrderPreview, import_orders, preview_orders
from webapp.jobs.engine.work import Work
from webapp.models import OrderImport
from webapp.services.common.batch_result import Outcome
from webapp.services.orders import order_imports

_EVERY = 1.0
"""Seconds between two notes of how far it is."""


def work_on_import(work: Work) -> None:
    """Check the file, or load it. Done again after a process died it changes nothing that is done already."""
    import_id = int(work.parameters["import"])
    with work.db.reading() as session:
        found = order_imports.get(session, import_id)
    if work.dry_run or found.status not in order_imports.UNDER_WAY:
        return
    with tempfile.TemporaryDirectory(prefix="escrow-desk-orders-") as folder:
        file = Path(folder) / "orders.csv"
        with work.db.reading() as session, file.open("wb") as out:
            out.writelines(order_imports.pieces(session, import_id, order_imports.FILE))
        try:
            if found.status == "checking":
                _check(work, found, file)
            else:
                _load(work, found, file)
        except Refusal as refusal:
            _end(work, found, status="unusable" if found.status == "checking" else "stopped", problem=str(refusal))


def _check(work: Work, found: OrderImport, file: Path) -> None:
    first: list[tuple[int, str]] = []
    rejects = file.with_suffix(".rejects.csv")
    seen = preview_orders(
        work.runtime, file, rejects, most_rejects=order_imports.MOST_REJECTS, progress=_Progress(work, found)
    )
    first = list(islice(seen.problems, order_imports.MOST_SHOWN))

    def done(session: Session) -> Outcome:
        if rejects.exists():
            order_imports.forget(session, found.id, order_imports.REJECTS)
            with rejects.open("rb") as source:
                order_imports.keep(session, found.id, order_imports.REJECTS, source)
        _change(session, found.id, status="checked", problems=first, figures=_figures(seen), stage=None)
        return Outcome("import", done=1)

    work.recorder.record(done)


def _load(work: Work, found: OrderImport, file: Path) -> None:
    with work.db.reading() as session:
        actor = order_imports.requester(session, found, work.run_id)
    late: list[tuple[int, str]] = []
    imported = import_orders(
        work.runtime,
        file,
        actor=actor,
        skip_bad=found.skip_bad,
        progress=_Progress(work, found),
        problem=lambda line, reason: late.append((line, reason)) if len(late) < order_imports.MOST_SHOWN else None,
    )
    if imported.rejected and not found.skip_bad:
        _end(work, found, status="stopped", problems=late, problem=_CHANGED)
        return

    def done(session: Session) -> Outcome:
        figures = found.figures | _result(imported)
        at = work.at
        _change(session, found.id, status="loaded", problems=late, figures=figures, stage=None, finished_at=at)
        order_imports.forget(session, found.id, order_imports.FILE)
        return Outcome("order", done=imported.imported + imported.updated)

    work.recorder.record(done)


_CHANGED = phrase(
    "The desk has changed since the file was checked, and some lines don't fit any more. Nothing was imported."
)


def _end(work: Work, found: OrderImport, **values: object) -> None:
    def end(session: Session) -> Outcome:
        _change(session, found.id, stage=None, **values)
        return Outcome("import")

    work.recorder.record(end)


class _Progress:
    """Notes how far it is, for the page and for the run, and stops where the run has to."""

    def __init__(self, work: Work, found: OrderImport) -> None:
        self._work, self._id, self._next = work, found.id, 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        self._work.control.check()
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _EVERY
        self._work.recorder.record(lambda session: self._noted(session, what, done, total))

    def _noted(self, session: Session, what: str, done: int, total: int) -> Outcome:
        _change(session, self._id, stage=what.lower(), done=done, total=total)
        return Outcome("import")


def _change(session: Session, import_id: int, **values: object) -> None:
    session.execute(update(OrderImport).where(OrderImport.id == import_id).values(**values))


def _figures(seen: OrderPreview) -> dict[str, object]:
    counts = {name: getattr(seen, name) for name in ("lines", "new", "updates", "unchanged", "rejected", "warnings")}
    return counts | {"held": seen.held}


def _result(imported: Imported) -> dict[str, object]:
    return {"imported": imported.imported, "updated": imported.updated, "left_out": imported.rejected}
