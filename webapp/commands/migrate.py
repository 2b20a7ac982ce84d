"""`desk migrate`."""

import click

from webapp import schema
from webapp.commands.shared import desk, json_option, print_json
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.migrations import upgrade


@click.command("migrate")
@json_option
def command(as_json: bool) -> None:
    """Bring the database to this version, and its schedules to the declared jobs."""
    with desk(any_schema=True) as runtime:
        schema.require_known(runtime.db)
        revision = upgrade(runtime.db.url)
        register_jobs(runtime)
    if as_json:
        print_json({"revision": revision})
    else:
        click.echo(f"The database is at revision {revision}.")
