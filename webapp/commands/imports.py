"""`desk import`: files from the marketplace."""

import sys
from pathlib import Path

import click

from webapp.commands.group import USAGE
from webapp.commands.progress import Progress
from webapp.commands.shared import desk, json_option, note, operator, print_json
from webapp.domain.numbers import counted
from webapp.importers.orders import Imported, as_json, import_orders
from webapp.importers.storefront.files import import_rows
from webapp.importers.storefront.records import KINDS, FileKind

_SHOWN = 20
"""Bad lines named on standard error when all of them go to a file."""


@click.group("import")
def command() -> None:
    """Load files from the marketplace."""


@command.command("orders")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--no-wallets", is_flag=True, help="Leave new parties without wallets.")
@click.option("--skip-bad", is_flag=True, help="Load the good lines, and write the others to FILE.rejects.csv.")
@json_option
def orders(file: Path, no_wallets: bool, skip_bad: bool, as_json: bool) -> None:
    """Load a backlog of orders from a CSV file; paid ones become held escrows. Safe to run twice.

    What a file knows more of an order that is there (paid, completed, a later release) is updated; what may not change
    is refused, with both values. A reference that looks like another is taken, with a warning.
    """
    progress = Progress()
    problems = _Problems(progress, _SHOWN if skip_bad else None)
    warn = _Problems(progress, _SHOWN, "Warning, line")
    with desk() as runtime:
        imported = import_orders(
            runtime,
            file,
            actor=operator(),
            wallets=not no_wallets,
            skip_bad=skip_bad,
            progress=progress,
            problem=problems,
            warning=warn,
        )
    _finish(progress, imported, skip_bad, as_json)


def _add(kind: FileKind) -> None:
    """The command for one kind of file of the storefront."""

    @command.command(kind.table.name, help=_help(kind), short_help=f"Store {_words(kind)} from a CSV file.")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
    @click.option("--skip-bad", is_flag=True, help="Load the good lines, and write the others to FILE.rejects.csv.")
    @json_option
    def rows(file: Path, skip_bad: bool, as_json: bool) -> None:
        progress = Progress()
        problems = _Problems(progress, _SHOWN if skip_bad else None)
        with desk() as runtime:
            imported = import_rows(
                runtime, kind, file, actor=operator(), skip_bad=skip_bad, progress=progress, problem=problems
            )
        _finish(progress, imported, skip_bad, as_json)


def _help(kind: FileKind) -> str:
    needed, others = ", ".join(kind.required), ", ".join(kind.columns[len(kind.required) :])
    return (
        f"Store {_words(kind)} from a CSV file: new ones are created, others become as they are in the file. Safe to "
        f"run twice.\n\nThe columns {needed} are needed; {others} may be there. A line is the whole of a row."
    )


def _words(kind: FileKind) -> str:
    return kind.table.name.replace("-", " ")


def _finish(progress: Progress, imported: Imported, skip_bad: bool, machine: bool) -> None:
    progress.close()
    if imported.rejects:
        note(f"In {imported.rejects}: {counted(imported.rejected, 'bad line')}.")
    _report(imported, machine)
    if imported.rejected and not skip_bad:
        loaded = imported.imported + imported.updated
        way = "Mend these lines, or load the others with --skip-bad."
        note("The other lines are loaded." if loaded else f"Nothing was loaded. {way}")
        sys.exit(USAGE)


class _Problems:
    """Names bad lines on standard error, the first of them when there is a limit."""

    def __init__(self, progress: Progress, limit: int | None, word: str = "Line") -> None:
        self._progress, self._limit, self._count, self._word = progress, limit, 0, word

    def __call__(self, line: int, reason: str) -> None:
        self._progress.close()
        self._count += 1
        if self._limit is None or self._count <= self._limit:
            note(f"{self._word} {line}: {reason}.")
        elif self._count == self._limit + 1:
            note("…")


def _report(imported: Imported, machine: bool) -> None:
    if machine:
        print_json(as_json(imported))
    else:
        click.echo(
            f"{counted(imported.lines, 'line')}: {imported.imported:,} imported, {imported.updated:,} updated, "
            f"{imported.unchanged:,} unchanged, "
            f"{imported.rejected:,} rejected."
        )


for _kind in KINDS:
    _add(_kind)
