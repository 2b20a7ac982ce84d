"""`desk up`: everything on this machine, started together, watched, and stopped together."""

import click

from webapp.commands.shared import settings
from webapp.local.supervisor import run

__all__ = ["command"]


@click.command("up")
@click.option(
    "--no-demo", is_flag=True, help="Leave an empty database empty; print a link for its first administrator."
)
@click.option("--sandbox", is_flag=True, help="Start the invented providers without demo data too.")
@click.option("--workers", type=click.IntRange(1, 32), default=2, show_default=True, help="Worker processes.")
def command(no_demo: bool, sandbox: bool, workers: int) -> None:
    """Start everything on this machine; Ctrl-C stops all of it."""
    run(settings(), demo=not no_demo, invented=sandbox, workers=workers)
