"""`desk import orders`: the whole file is checked first, in constant memory; then what is new is loaded in batches."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

from webapp import clock
from webapp.domain.actors import Actor
from webapp.errors import Invalid
from webapp.importers.csv_records import RowError, lines, require_readable
from webapp.importers.diff import compare, plan
from webapp.importers.layout import OPTIONAL, REQUIRED, Layout
from webapp.importers.order_records import Defaults, OrderRecord, read, reference_of
from webapp.importers.rejects import write_rejects
from webapp.importers.staging_file import StagingFile
from webapp.runtime import Runtime
from webapp.services.imports import order_updates
from webapp.services.imports.orders import forgotten, known_orders, load
from webapp.services.imports.parties import add_parties
from webapp.services.storefront import tenants

_BATCH = 5_000
"""Lines in memory at a time, and in one transaction: short enough that nobody waits for the import."""
_HEAD = 65_536

Record = tuple[int, str, str | None]
"""Line, text and problem of one record of the file."""
Progress = Callable[[str, int, int], None]
Problem = Callable[[int, str], None]


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of the lines of a file."""

    lines: int
    imported: int
    unchanged: int
    rejected: int
    updated: int = 0
    warnings: int = 0
    rejects: Path | None = None


def import_orders(
    runtime: Runtime,
    file: Path,
    *,
    actor: Actor,
    wallets: bool = True,
    skip_bad: bool = False,
    progress: Progress = lambda what, done, total: None,
    problem: Problem = lambda line, reason: None,
    warning: Problem = lambda line, reason: None,
) -> Imported:
    """Import a file of orders. Nothing is loaded while any line is bad, unless bad ones are to be skipped.

    `problem` is told every bad line, `warning` every reference that looks like another; such a line is taken.
    Raises Invalid when the file can't be read as orders at all.
    """
    with StagingFile() as staging:
        count = _check(runtime, file, staging, progress)
        bad = staging.count("bad")
        for number, reason in staging.problems():
            problem(number, reason)
        rejects = write_rejects(file, staging.problems()) if bad and skip_bad else None
        warned = _warn(staging, warning)
        if bad and not skip_bad:
            return Imported(count, 0, staging.count("unchanged"), bad, 0, warned)
        imported = _load(runtime, staging, wallets, actor, progress)
        updated, late = _update(runtime, staging, actor, progress, problem)
        unchanged = staging.count("unchanged")
        return Imported(count, imported, unchanged, bad + late, updated, warned, rejects)


@dataclass(frozen=True, slots=True)
class OrderPreview:
    """What would become of the lines of a file. Nothing is written for it."""

    lines: int
    new: int
    updates: int
    unchanged: int
    rejected: int
    warnings: int
    held: dict[str, int]
    """What the new lines that are paid would hold: minor units per currency."""
    problems: list[tuple[int, str]]
    """Line and reason of the first bad lines."""


def preview_orders(
    runtime: Runtime, file: Path, rejects: Path, *, most_rejects: int, progress: Progress
) -> OrderPreview:
    """Check a file of orders, and write the first bad lines, with their reasons, to `rejects`, if there are any.

    Raises Invalid when the file can't be read as orders at all.
    """
    with StagingFile() as staging:
        count = _check(runtime, file, staging, progress)
        problems = list(islice(staging.problems(), most_rejects))
        if problems:
            write_rejects(file, iter(problems), rejects)
        found = {state: staging.count(state) for state in ("new", "update", "unchanged", "bad")}
        warned = _warn(staging, lambda _line, _sentence: None)
        held = staging.held()
        return OrderPreview(
            count, found["new"], found["update"], found["unchanged"], found["bad"], warned, held, problems
        )


def require_orders(head: bytes) -> None:
    """Raise Invalid, which says what to do, when what begins like this is no file of orders."""
    require_readable(head)
    number, header, problem = next(lines(BytesIO(head)), (0, "", None))
    if not number:
        raise Invalid("The file is empty: not even a header line is there.")
    if problem:
        raise Invalid(f"Line {number}, the header: {problem}.")
    Layout(header)


def columns_of(reason: str) -> list[str]:
    """Which columns of the file a reason names."""
    return [name for name in (*REQUIRED, *OPTIONAL) if re.search(rf"\b{name}\b", reason)]


def _warn(staging: StagingFile, warning: Problem) -> int:
    count = 0
    for number, sentence in staging.warnings():
        warning(number, sentence)
        count += 1
    return count


def _check(runtime: Runtime, file: Path, staging: StagingFile, progress: Progress) -> int:
    count = _read(file, staging, _defaults(runtime, clock.now()), progress)
    staging.reject_duplicates()
    done, total = 0, staging.count("new")
    for batch in staging.batches(_BATCH):
        with runtime.db.reading() as session:
            known = known_orders(session, [line.ref for line in batch])
            suspended = tenants.suspended(session, {line.tenant for line in batch if line.tenant})
            gone = forgotten(session, [ref for line in batch for ref in (line.buyer, line.seller)])
        seen = [(line.line, compare(line, known[line.ref])) for line in batch if line.ref in known]
        staging.mark_unchanged(line for line, found in seen if not found.problem and not found.is_update)
        staging.mark_updates(line for line, found in seen if found.is_update)
        staging.reject((line, found.problem) for line, found in seen if found.problem)
        if gone:
            staging.reject(_of_forgotten(batch, gone, known))
        if suspended:
            staging.reject(_of_suspended(batch, suspended, known))
        done += len(batch)
        progress("Compared", done, total)
    staging.settle()
    staging.find_confusables(runtime.db)
    return count


def _of_forgotten(batch: list[OrderRecord], gone: set[str], known: Collection[str]) -> Iterator[tuple[int, str]]:
    """New orders of parties that are forgotten."""
    for line in batch:
        for column, ref in (("buyer_ref", line.buyer), ("seller_ref", line.seller)):
            if ref in gone and line.ref not in known:
                yield line.line, f"{column} {ref!r} is a party that is forgotten: nothing new is done with it"


def _of_suspended(batch: list[OrderRecord], refs: set[str], known: Collection[str]) -> Iterator[tuple[int, str]]:
    """New orders of tenants that are suspended."""
    for line in batch:
        if line.tenant in refs and line.ref not in known:
            yield line.line, f"tenant_ref {line.tenant!r} is a tenant that is suspended: its new orders are refused"


def _defaults(runtime: Runtime, now: datetime) -> Defaults:
    settings = runtime.settings
    return Defaults(now, settings.escrow_auto_release_days, settings.buffer_days, settings.escrow_fee_basis_points)


def _read(file: Path, staging: StagingFile, defaults: Defaults, progress: Progress) -> int:
    """Read every line into the staging file; returns how many there are besides the header."""
    size = file.stat().st_size
    count = 0
    with file.open("rb") as stream:
        require_readable(stream.read(_HEAD))
        stream.seek(0)
        found = lines(stream)
        layout = _layout(found, file)
        for batch in _in_batches(found):
            _sort(batch, layout, defaults, staging)
            count += len(batch)
            progress("Read", min(stream.tell(), size), size)
    return count


def _layout(found: Iterator[Record], file: Path) -> Layout:
    number, header, problem = next(found, (0, "", None))
    if not number:
        raise Invalid(f"{file.name} is empty: not even a header line is there.")
    if problem:
        raise Invalid(f"Line {number}, the header: {problem}.")
    return Layout(header)


def _in_batches(found: Iterator[Record]) -> Iterator[list[Record]]:
    batch = []
    for line in found:
        batch.append(line)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _sort(batch: list[Record], layout: Layout, defaults: Defaults, staging: StagingFile) -> None:
    good: list[OrderRecord] = []
    bad: list[tuple[int, str]] = []
    refs: list[tuple[int, str]] = []
    for number, text, problem in batch:
        try:
            if problem:
                raise RowError(problem)
            good.append(read(number, text, layout, defaults))
        except RowError as wrong:
            bad.append((number, str(wrong)))
            if not problem and (ref := reference_of(text, layout)):
                refs.append((number, ref))
    staging.add(good)
    staging.reject(bad, refs)


def _load(runtime: Runtime, staging: StagingFile, wallets: bool, actor: Actor, progress: Progress) -> int:
    at = clock.now()
    for parties in staging.parties(_BATCH):
        with runtime.db.transaction() as session:
            add_parties(session, parties, wallets=wallets, at=at, actor=actor)
    imported, total = 0, staging.count("new")
    for batch in staging.batches(_BATCH):
        with runtime.db.transaction() as session:
            imported += load(session, batch, at=at, actor=actor)
        progress("Imported", imported, total)
    return imported


def _update(
    runtime: Runtime, staging: StagingFile, actor: Actor, progress: Progress, problem: Problem
) -> tuple[int, int]:
    """What the file knows more of orders that are there; how many changed, and how many could not any more."""
    at, updated, late, total = clock.now(), 0, 0, staging.count("update")
    for batch in staging.batches(_BATCH, "update"):
        with runtime.db.transaction() as session:
            done = order_updates.apply(session, batch, plan, at=at, actor=actor)
        for line in batch:
            if line.line not in done:
                problem(line.line, f"order_ref {line.ref!r} changed on the desk meanwhile: import the file again")
        updated, late = updated + len(done), late + len(batch) - len(done)
        progress("Updated", updated + late, total)
    return updated, late


def as_json(imported: Imported) -> dict[str, Any]:
    """The counts, as machines read them; the last two where there are any."""
    counts = {name: getattr(imported, name) for name in ("lines", "imported", "unchanged", "rejected")}
    return counts | {name: count for name in ("updated", "warnings") if (count := getattr(imported, name))}
