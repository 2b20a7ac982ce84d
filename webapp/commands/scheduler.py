"""`desk scheduler`."""

import click

from webapp.commands.shared import desk
from webapp.jobs.processes.scheduler import schedule
from webapp.logs import configure


@click.command("scheduler")
def command() -> None:
    """Start what is due until told to stop; a second one takes over when the first dies."""
    with desk() as runtime:
        configure(runtime.settings)
        schedule(runtime)
