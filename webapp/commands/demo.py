"""`desk demo`: invented data to look around in."""

import click

from webapp.commands.shared import desk, json_option, note, print_json
from webapp.demo import SIGN_INS, clear, seed
from webapp.domain.numbers import counted


@click.group("demo")
def command() -> None:
    """Invented data to look around in; never in production."""


@command.command("seed")
@json_option
def add(as_json: bool) -> None:
    """Add the demo data, if it isn't there."""
    with desk() as runtime:
        made = seed(runtime)
    if as_json:
        print_json({"seeded": made})
        return
    note("The demo data is there." if made else "The demo data was there already.")
    for role, email, password in SIGN_INS:
        click.echo(f"  {role:<9} {email:<28} {password}")


@command.command("clear")
@json_option
def remove(as_json: bool) -> None:
    """Remove exactly what the demo data added, and what was done with it."""
    with desk() as runtime:
        rows = clear(runtime)
    if as_json:
        print_json({"removed": rows})
    else:
        click.echo(f"{counted(rows, 'row')} of demo data removed." if rows else "There is no demo data.")
