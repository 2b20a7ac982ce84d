"""`desk worker`."""

import click

from webapp.commands.shared import desk
from webapp.jobs.processes.worker import work
from webapp.logs import configure


@click.command("worker")
def command() -> None:
    """Carry out runs until told to stop; as many of these as wanted."""
    with desk() as runtime:
        configure(runtime.settings)
        work(runtime)
