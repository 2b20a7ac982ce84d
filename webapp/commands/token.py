"""`desk token`: the tokens of machines."""

from datetime import timedelta

import click

from webapp import clock
from webapp.commands.shared import desk, json_option, operator, print_json
from webapp.domain.permissions import SCOPES
from webapp.services import tokens


@click.group("token")
def command() -> None:
    """Make tokens for machines that use the API."""


@command.command("add")
@click.option("--name", required=True, help="What it is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(list(SCOPES)),
    help="May be given more than once.",
)
@click.option("--days", type=click.IntRange(1, 3650), help="Days until it expires; never by default.")
@json_option
def add(name: str, scopes: tuple[str, ...], days: int | None, as_json: bool) -> None:
    """Make a token. It is printed once and can't be shown again."""
    now = clock.now()
    expires_at = now + timedelta(days=days) if days else None
    with desk() as runtime, runtime.db.transaction() as session:
        _, secret = tokens.create(session, name=name, scopes=scopes, expires_at=expires_at, at=now, actor=operator())
    if as_json:
        print_json({"token": secret})
    else:
        click.echo(secret)
