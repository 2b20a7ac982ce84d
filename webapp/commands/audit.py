"""`desk audit`: is the audit trail whole?"""

import sys

import click

from webapp import clock
from webapp.commands.group import FAILED
from webapp.commands.shared import desk, json_option, print_json
from webapp.domain.numbers import counted
from webapp.runtime import Runtime
from webapp.services.audit import verdicts, verification
from webapp.services.audit.verification import Walk


@click.group("audit")
def command() -> None:
    """Look after the audit trail."""


@command.command("verify")
@click.option("--since-last", is_flag=True, help="Only what came after the last walk that found everything whole.")
@json_option
def verify(since_last: bool, as_json: bool) -> None:
    """Walk the audit chains from their first seal to their heads; names the first break of each, and exits 1 then."""
    with desk() as runtime:
        found = _walked(runtime, since_last, not as_json)
    if as_json:
        print_json({"ok": found.is_whole, "seals": found.seals, "records": found.rows, "problems": found.problems})
    elif found.is_whole:
        seals, records = counted(found.seals, "seal"), counted(found.rows, "record")
        which = "The audit trail is whole" if found.is_from_first else "What the last walk had not seen is whole"
        click.echo(f"{which}: {seals} over {records}.")
    else:
        click.echo("\n".join(found.problems))
    sys.exit(0 if found.is_whole else FAILED)


def _walked(runtime: Runtime, since_last: bool, shows: bool) -> Walk:
    """The walk that is over: a snapshot per slice, so that a long one keeps no dead row from being tidied."""
    with runtime.db.reading() as session:
        start = verdicts.start(session, clock.now()) if since_last else None
        walk = verification.begin(session, start)
    hidden = not shows or not sys.stderr.isatty()
    with click.progressbar(length=walk.left, label="Seals", file=sys.stderr, hidden=hidden) as bar:
        while not walk.is_over:
            before = walk.seals
            with runtime.db.reading() as session:
                verification.step(session, walk, runtime.settings.audit_keys)
            bar.update(walk.seals - before)
    return walk
