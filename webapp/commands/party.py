"""`desk party`: what the desk keeps about a party, and forgetting it."""

import sys
from contextlib import suppress
from pathlib import Path

import click

from webapp import clock
from webapp.commands.shared import desk, json_option, note, operator, print_json, printable_json
from webapp.errors import Invalid
from webapp.private_files import private_text
from webapp.runtime import Runtime
from webapp.services.data_protection import export as exports
from webapp.services.data_protection import forget as erasure
from webapp.services.data_protection.forget import Forgotten
from webapp.services.parties import parties


class _DryRun(Exception):
    """Takes everything back."""


@click.group("party")
def command() -> None:
    """Hand over what the desk keeps about a party, or forget it."""


@command.command("export")
@click.argument("ref")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file, for you alone.")
def export(ref: str, output: Path | None) -> None:
    """Write all that the desk keeps about a party as one JSON document, to standard output or to a file."""
    actor = operator()
    with desk() as runtime:
        with runtime.db.transaction() as session:
            party_id = parties.by_ref(session, ref).id
            exports.record(session, party_id, at=clock.now(), actor=actor)
        with runtime.db.reading() as session:
            pieces = exports.export(session, party_id, at=clock.now(), actor=actor)
            if output is None:
                for piece in pieces:
                    click.echo(printable_json(piece), nl=False)
                return
            with private_text(output) as file:
                file.writelines(pieces)
    note(f"Everything about {ref} is in {output}.")


@command.command("forget")
@click.argument("ref")
@click.option("--reason", required=True, help="Who asked for it, and when; kept with the party.")
@click.option("--confirm", "confirmation", help="The party's reference once more; asked for when it is left out.")
@click.option("--dry-run", is_flag=True, help="Say what would be replaced, and replace nothing.")
@json_option
def forget(ref: str, reason: str, confirmation: str | None, dry_run: bool, as_json: bool) -> None:
    """Replace a party's personal data; its reference and the books stay. It can't be undone."""
    if dry_run:
        confirmation = ref
    elif confirmation is None:
        if not sys.stdin.isatty():
            raise Invalid(f"This can't be undone. Confirm it: --confirm {ref}")
        confirmation = click.prompt("This can't be undone. Write the party's reference to confirm", err=True)
    with desk() as runtime:
        done = _forget(runtime, ref, reason, confirmation or "", dry_run)
    if as_json:
        print_json({"ref": ref, "dry_run": dry_run, "replaced": done.replaced})
        return
    counts = ", ".join(f"{count:,} {kind}" for kind, count in done.replaced.items()) or "nothing besides"
    if dry_run:
        click.echo(f"Would be replaced, with the party's own fields: {counts}.")
    elif not done.is_new:
        click.echo(f"{ref} is forgotten already: nothing was done.")
    else:
        click.echo(f"{ref} is forgotten. Replaced, with the party's own fields: {counts}.")


def _forget(runtime: Runtime, ref: str, reason: str, confirmation: str, dry_run: bool) -> Forgotten:
    done: list[Forgotten] = []
    with suppress(_DryRun), runtime.db.transaction() as session:
        party_id = parties.by_ref(session, ref).id
        done.append(
            erasure.forget(
                session,
                party_id,
                reason,
                confirmation=confirmation,
                keys=runtime.settings.audit_keys,
                folder=runtime.evidence,
                at=clock.now(),
                actor=operator(),
            )
        )
        if dry_run:
            raise _DryRun
    return done[0]
