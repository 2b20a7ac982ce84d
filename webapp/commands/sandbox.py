"""`desk sandbox`: the providers and the mailbox, invented, on this machine."""

import os
import signal
import threading
from pathlib import Path

import click

from webapp.commands.shared import note
from webapp.sandbox import Keys, Options, SandboxSettings, serving


@click.command("sandbox")
@click.option("--port", type=click.IntRange(0, 65535), default=8801, show_default=True, help="Where it listens.")
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("var/sandbox.sqlite3"),
    show_default=True,
    help="Its books.",
)
@click.option("--desk", default=Options.desk, show_default=True, help="Where webhooks go.")
def command(port: int, file: Path, desk: str) -> None:
    """Speak for Paystack, Flutterwave and Blnk, and catch mail, until told to stop; never in production."""
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    settings = SandboxSettings(Keys.from_environment(os.environ), file, Options(desk=desk.rstrip("/")))
    with serving(settings, port=port) as served:
        note(f"The sandbox is at {served.url}; its moods are at {served.url}/control/moods.")
        over.wait()
