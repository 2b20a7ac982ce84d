"""`desk release-pending-payments`: one run of `release_pending_earnings`."""

import click

from webapp.commands.run import at_option, carry_out, dry_run_option
from webapp.commands.shared import json_option


@click.command("release-pending-payments")
@at_option
@dry_run_option
@json_option
def command(at_text: str | None, dry_run: bool, as_json: bool) -> None:
    """Pay the earnings whose buffer is over. Exits 1 when it failed."""
    carry_out("release_pending_earnings", at_text, dry_run, as_json)
