"""`desk archive`: what was written to archives before it was removed."""

import click

from webapp import clock
from webapp.commands.shared import desk, json_option, print_json, table
from webapp.errors import NotFound
from webapp.services.retention import archive


@click.group("archive")
def command() -> None:
    """Read what `clean_up_data` archived before it removed it."""


@command.command("list")
@json_option
def listed(as_json: bool) -> None:
    """Every archive, the newest first."""
    with desk() as runtime, runtime.db.reading() as session:
        found = archive.files(session)
    if as_json:
        print_json([{"file": each.file, "kind": each.kind, "rows": each.rows, "bytes": each.length} for each in found])
    elif found:
        rows = [
            [each.file, each.kind, f"{each.rows:,}", f"{each.length:,}", clock.iso(each.first_at)] for each in found
        ]
        table(["file", "kind", "rows", "bytes", "since"], rows)
    else:
        click.echo("Nothing was archived yet.")


@command.command("show")
@click.argument("file")
@click.option("--id", "row_id", type=int, help="Only the row with this number.")
def show(file: str, row_id: int | None) -> None:
    """Print the rows of an archive, a line of JSON each, with every checksum looked at; exits 1 when one differs."""
    with desk() as runtime, runtime.db.reading() as session:
        if file not in {each.file for each in archive.files(session)}:
            raise NotFound(f"There is no archive {file}. `desk archive list` names them.")
        for row in archive.read(session, runtime.settings.archive_folder, file):
            if row_id in (None, row["id"]):
                print_json(row)
