"""`desk ledger`: do the books agree?"""

import sys

import click

from webapp.commands.group import FAILED
from webapp.commands.shared import desk, json_option, note, print_json
from webapp.services import books


@click.group("ledger")
def command() -> None:
    """Look after the ledger."""


@command.command("verify")
@json_option
def verify(as_json: bool) -> None:
    """Check every invariant of the ledger; names what is wrong, and exits 1 then."""
    if not as_json and sys.stderr.isatty():
        note("Checking every transfer, account and escrow …")
    with desk() as runtime, runtime.db.reading() as session:
        wrong = list(books.checks(session))
    if as_json:
        print_json({"ok": not wrong, "problems": wrong})
    else:
        click.echo("\n".join(wrong) if wrong else "Every book agrees.")
    sys.exit(FAILED if wrong else 0)
