"""`desk migrate` and `desk roles`: what the database is made of, and who may do what in it."""

import click

from webapp import schema
from webapp.commands.shared import desk, json_option, print_json
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.migrations import roles, upgrade


@click.command("migrate")
@json_option
def command(as_json: bool) -> None:
    """Bring the database to this version, its schedules to the declared jobs, its roles to their rights."""
    with desk(any_schema=True) as runtime:
        schema.require_known(runtime.db)
        revision = upgrade(runtime.db.url)
        with runtime.db.transaction() as session:
            roles.grant(session.connection())
        register_jobs(runtime)
    if as_json:
        print_json({"revision": revision})
    else:
        click.echo(f"The database is at revision {revision}.")


@click.command("roles")
def of_roles() -> None:
    """Print the SQL that makes the roles desk_migrate, desk_app and desk_read; a superuser carries it out."""
    click.echo(roles.SCRIPT, nl=False)
