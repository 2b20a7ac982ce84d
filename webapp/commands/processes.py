"""`desk worker` and `desk scheduler`: the processes that carry out runs, and start them."""

import click

from webapp.commands.shared import desk
from webapp.jobs.processes.scheduler import schedule
from webapp.jobs.processes.worker import work
from webapp.logs import configure


@click.command("worker")
def worker() -> None:
    """Carry out runs until told to stop; as many of these as wanted."""
    # It waits for `desk migrate`, and says so in the log.
    with desk(any_schema=True) as runtime:
        configure(runtime.settings)
        work(runtime)


@click.command("scheduler")
def scheduler() -> None:
    """Start what is due until told to stop; a second one takes over when the first dies."""
    with desk(any_schema=True) as runtime:
        configure(runtime.settings)
        schedule(runtime)
