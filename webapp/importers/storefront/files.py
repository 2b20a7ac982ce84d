"""`desk import tenants` and the like: the whole file is checked first, in constant memory; then stored in batches."""

from collections.abc import Iterator
from pathlib import Path

from webapp import clock
from webapp.domain.actors import Actor
from webapp.domain.storefront.rows import RowOutcome
from webapp.errors import Invalid
from webapp.importers.csv_records import RowError, lines, require_readable
from webapp.importers.layout import Layout
from webapp.importers.orders import Imported, Problem, Progress
from webapp.importers.rejects import write_rejects
from webapp.importers.storefront.records import FileKind, row_of
from webapp.importers.storefront.staging import RowStaging, StagedLine
from webapp.runtime import Runtime
from webapp.services.storefront import bulk

_BATCH = 1_000
"""Lines in memory at a time, and in one transaction: short enough that nobody waits for the import."""
_HEAD = 65_536

Record = tuple[int, str, str | None]


def import_rows(
    runtime: Runtime,
    kind: FileKind,
    file: Path,
    *,
    actor: Actor,
    skip_bad: bool = False,
    progress: Progress = lambda what, done, total: None,
    problem: Problem = lambda line, reason: None,
) -> Imported:
    """Import a file of one kind. Nothing is stored while any line is bad, unless bad ones are to be skipped.

    `problem` is told every bad line. Raises Invalid when the file can't be read as this kind at all.
    """
    with RowStaging(kind.table.row) as staging:
        count = _check(runtime, kind, file, staging, progress)
        bad = staging.count("bad")
        for number, reason in staging.problems():
            problem(number, reason)
        unchanged = staging.count("unchanged")
        rejects = write_rejects(file, staging.problems()) if bad and skip_bad else None
        if bad and not skip_bad:
            return Imported(count, 0, unchanged, bad)
        created, updated, late = _store(runtime, kind, staging, actor, progress, problem)
        unchanged = count - bad - created - updated - late
        return Imported(count, created, unchanged, bad + late, updated, 0, rejects)


def _check(runtime: Runtime, kind: FileKind, file: Path, staging: RowStaging, progress: Progress) -> int:
    count = _read(kind, file, staging, progress)
    staging.reject_doubles()
    at, done, total = clock.now(), 0, staging.count("new")
    for batch in staging.batches(_BATCH):
        with runtime.db.reading() as session:
            results = bulk.preview(session, kind.table, [each.row for each in batch], at=at)
        seen = list(zip(batch, results, strict=True))
        staging.mark_unchanged(each.line for each, result in seen if result.outcome == RowOutcome.UNCHANGED)
        rejected = [(each.line, result.detail or "") for each, result in seen if result.outcome == RowOutcome.REJECTED]
        staging.reject((line, _part(sentence)) for line, sentence in rejected)
        done += len(batch)
        progress("Compared", done, total)
    staging.settle()
    return count


def _read(kind: FileKind, file: Path, staging: RowStaging, progress: Progress) -> int:
    """Read every line into the staging file; returns how many there are besides the header."""
    size, at, count = file.stat().st_size, clock.now(), 0
    with file.open("rb") as stream:
        require_readable(stream.read(_HEAD))
        stream.seek(0)
        found = lines(stream)
        layout = _layout(kind, found, file)
        good: list[StagedLine] = []
        bad: list[tuple[int, str]] = []
        for number, text, wrong in found:
            count += 1
            try:
                if wrong:
                    raise RowError(wrong)
                good.append(StagedLine(number, row_of(kind, text, layout, at)))
            except RowError as problem:
                bad.append((number, str(problem)))
            if len(good) + len(bad) == _BATCH:
                _keep(staging, good, bad)
                progress("Read", min(stream.tell(), size), size)
        _keep(staging, good, bad)
    return count


def _keep(staging: RowStaging, good: list[StagedLine], bad: list[tuple[int, str]]) -> None:
    staging.add(good)
    staging.reject(bad)
    good.clear()
    bad.clear()


def _layout(kind: FileKind, found: Iterator[Record], file: Path) -> Layout:
    number, header, problem = next(found, (0, "", None))
    if not number:
        raise Invalid(f"{file.name} is empty: not even a header line is there.")
    if problem:
        raise Invalid(f"Line {number}, the header: {problem}.")
    return kind.layout(header)


def _store(
    runtime: Runtime, kind: FileKind, staging: RowStaging, actor: Actor, progress: Progress, problem: Problem
) -> tuple[int, int, int]:
    """How many were created, how many changed, and how many could not any more."""
    counts = dict.fromkeys(RowOutcome, 0)
    done, total = 0, staging.count("new")
    for batch in staging.batches(_BATCH):
        with runtime.db.transaction() as session:
            rows = [each.row for each in batch]
            results = bulk.upsert(session, kind.table, rows, at=clock.now(), actor=actor)
        for each, result in zip(batch, results, strict=True):
            counts[result.outcome] += 1
            if result.outcome == RowOutcome.REJECTED:
                problem(each.line, f"{_part(result.detail or '')}, meanwhile: import the file again")
        done += len(batch)
        progress("Stored", done, total)
    return counts[RowOutcome.CREATED], counts[RowOutcome.UPDATED], counts[RowOutcome.REJECTED]


def _part(sentence: str) -> str:
    """A sentence as the reason of a line."""
    return sentence.removesuffix(".")
