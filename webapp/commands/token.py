"""`desk token`: the tokens of machines."""

from datetime import timedelta

import click

from webapp import clock
from webapp.commands.shared import desk, json_option, operator, print_json
from webapp.domain.money.amounts import parse_amount
from webapp.domain.permissions import SCOPES
from webapp.services.users import api_tokens


def _per_currency(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> dict[str, int]:
    pairs = [each.partition("=") for each in given]
    try:
        return {currency: parse_amount(amount, currency) for currency, _, amount in pairs}
    except ValueError as wrong:
        raise click.BadParameter(f"{wrong}.") from None


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
@click.option(
    "--limit",
    "limits",
    multiple=True,
    callback=_per_currency,
    help="With the scope parties:money: most a day, such as NGN=250000.00. May be given more than once.",
)
@json_option
def add(name: str, scopes: tuple[str, ...], days: int | None, limits: dict[str, int], as_json: bool) -> None:
    """Make a token. It is printed once and can't be shown again."""
    now = clock.now()
    expires_at = now + timedelta(days=days) if days else None
    with desk() as runtime, runtime.db.transaction() as session:
        _, secret = api_tokens.create(
            session,
            name=name,
            scopes=scopes,
            expires_at=expires_at,
            at=now,
            actor=operator(),
            daily_limits=limits,
        )
    if as_json:
        print_json({"token": secret})
    else:
        click.echo(secret)
