"""`desk settings`: what the settings are, secrets masked."""

from typing import Any

import click
from sqlalchemy.engine import make_url

from webapp.commands.shared import json_option, print_json, settings
from webapp.domain.money import to_major

_SECRET = ("key", "token", "secret", "password")
_MONEY = ("approval_limits", "auto_deduct_minimum_balance")


@click.command("settings")
@json_option
def command(as_json: bool) -> None:
    """Print the settings from the environment and `.env`; secrets are masked."""
    found = masked()
    if as_json:
        print_json(found)
        return
    for name, value in found.items():
        click.echo(f"{name}={value}")


def masked() -> dict[str, Any]:
    """Every setting under its variable's name."""
    found = settings()
    values = found.model_dump(mode="json") | {"database_url": found.database_address, "redis_url": found.redis_address}
    return {"DESK_ENV" if name == "env" else name.upper(): _shown(name, value) for name, value in values.items()}


def _shown(name: str, value: Any) -> Any:
    if any(word in name for word in _SECRET):
        return "***" if value else ""
    if name in _MONEY:
        return ",".join(f"{currency}={to_major(amount, currency)}" for currency, amount in value.items())
    if name.endswith("_url") and value:
        return make_url(value).render_as_string(hide_password=True)
    return ",".join(value) if isinstance(value, list) else value
