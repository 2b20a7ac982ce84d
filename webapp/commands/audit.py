"""`desk audit`: is the audit trail whole?"""

import sys

import click

from webapp.commands.group import FAILED
from webapp.commands.shared import desk, json_option, note, print_json
from webapp.domain.numbers import counted
from webapp.services.audit import verification


@click.group("audit")
def command() -> None:
    """Look after the audit trail."""


@command.command("verify")
@json_option
def verify(as_json: bool) -> None:
    """Walk the audit chains from their first seal to their heads; names the first break of each, and exits 1 then."""
    if not as_json and sys.stderr.isatty():
        note("Walking every seal …")
    with desk() as runtime, runtime.db.reading() as session:
        found = verification.verify(session, runtime.settings.audit_keys)
    problems = found.problems or []
    if as_json:
        print_json({"ok": found.is_whole, "seals": found.seals, "records": found.rows, "problems": problems})
    elif found.is_whole:
        click.echo(f"The audit trail is whole: {counted(found.seals, 'seal')} over {counted(found.rows, 'record')}.")
    else:
        click.echo("\n".join(problems))
    sys.exit(0 if found.is_whole else FAILED)
