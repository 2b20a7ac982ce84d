"""`desk import orders`: the whole file is checked first, in constant memory; then what is new is loaded in batches."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from webapp import clock
from webapp.domain.actors import Actor
from webapp.errors import Invalid
from webapp.imports.lines import BadLine, lines, require_readable
from webapp.imports.order_columns import Layout
from webapp.imports.order_lines import OrderLine, Rules, read, reference_of
from webapp.imports.rejects import write_rejects
from webapp.imports.scratch import Scratch
from webapp.imports.unchanged import differences
from webapp.runtime import Runtime
from webapp.services.order_imports import known_orders, load
from webapp.services.party_imports import add_parties

_BATCH = 5_000
"""Lines in memory at a time, and in one transaction: short enough that nobody waits for the import."""
_HEAD = 65_536

Progress = Callable[[str, int, int], None]
Problem = Callable[[int, str], None]


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of the lines of a file."""

    lines: int
    imported: int
    unchanged: int
    rejected: int
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
) -> Imported:
    """Import a file of orders. Nothing is loaded while any line is bad, unless bad ones are to be skipped.

    `problem` is told every bad line. Raises Invalid when the file can't be read as orders at all.
    """
    with Scratch() as scratch:
        count = _check(runtime, file, scratch, progress)
        bad = scratch.count("bad")
        for number, reason in scratch.problems():
            problem(number, reason)
        rejects = write_rejects(file, scratch.problems()) if bad and skip_bad else None
        imported = 0 if bad and not skip_bad else _load(runtime, scratch, wallets, actor, progress)
        return Imported(count, imported, scratch.count("unchanged"), bad, rejects)


def _check(runtime: Runtime, file: Path, scratch: Scratch, progress: Progress) -> int:
    count = _read(file, scratch, _rules(runtime, clock.now()), progress)
    scratch.reject_doubles()
    done, total = 0, scratch.count("new")
    for batch in scratch.batches(_BATCH):
        with runtime.db.reading() as session:
            known = known_orders(session, [line.ref for line in batch])
        seen = [(line, differences(line, known[line.ref])) for line in batch if line.ref in known]
        scratch.mark_unchanged(line.line for line, different in seen if not different)
        scratch.reject((line.line, different) for line, different in seen if different)
        done += len(batch)
        progress("Compared", done, total)
    scratch.settle()
    return count


def _rules(runtime: Runtime, now: datetime) -> Rules:
    settings = runtime.settings
    return Rules(now, settings.escrow_auto_release_days, settings.buffer_days, settings.escrow_fee_basis_points)


def _read(file: Path, scratch: Scratch, rules: Rules, progress: Progress) -> int:
    """Read every line into the scratch file; returns how many there are besides the header."""
    size = file.stat().st_size
    count = 0
    with file.open("rb") as stream:
        require_readable(stream.read(_HEAD))
        stream.seek(0)
        found = lines(stream)
        layout = _layout(found, file)
        for batch in _in_batches(found):
            _sort(batch, layout, rules, scratch)
            count += len(batch)
            progress("Read", min(stream.tell(), size), size)
    return count


def _layout(found: Iterator[tuple[int, str, str | None]], file: Path) -> Layout:
    number, header, problem = next(found, (0, "", None))
    if not number:
        raise Invalid(f"{file.name} is empty: not even a header line is there.")
    if problem:
        raise Invalid(f"Line {number}, the header: {problem}.")
    return Layout(header)


def _in_batches(found: Iterator[tuple[int, str, str | None]]) -> Iterator[list[tuple[int, str, str | None]]]:
    batch = []
    for line in found:
        batch.append(line)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _sort(batch: list[tuple[int, str, str | None]], layout: Layout, rules: Rules, scratch: Scratch) -> None:
    good: list[OrderLine] = []
    bad: list[tuple[int, str]] = []
    refs: list[tuple[int, str]] = []
    for number, text, problem in batch:
        try:
            if problem:
                raise BadLine(problem)
            good.append(read(number, text, layout, rules))
        except BadLine as wrong:
            bad.append((number, str(wrong)))
            if not problem and (ref := reference_of(text, layout)):
                refs.append((number, ref))
    scratch.add(good)
    scratch.reject(bad, refs)


def _load(runtime: Runtime, scratch: Scratch, wallets: bool, actor: Actor, progress: Progress) -> int:
    at = clock.now()
    for parties in scratch.parties(_BATCH):
        with runtime.db.transaction() as session:
            add_parties(session, parties, wallets=wallets, at=at, actor=actor)
    imported, total = 0, scratch.count("new")
    for batch in scratch.batches(_BATCH):
        with runtime.db.transaction() as session:
            imported += load(session, batch, at=at, actor=actor)
        progress("Imported", imported, total)
    return imported


def as_json(imported: Imported) -> dict[str, Any]:
    """The counts, as machines read them."""
    return {name: getattr(imported, name) for name in ("lines", "imported", "unchanged", "rejected")}
