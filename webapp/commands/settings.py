"""`desk settings`: what the settings are, secrets masked."""

import click

from webapp.commands.shared import json_option, print_json, settings
from webapp.services.common.settings_display import masked


@click.command("settings")
@json_option
def command(as_json: bool) -> None:
    """Print the settings from the environment and `.env`; secrets are masked."""
    found = masked(settings())
    if as_json:
        print_json(found)
        return
    for name, value in found.items():
        click.echo(f"{name}={value}")
