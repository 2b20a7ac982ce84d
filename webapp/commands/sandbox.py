"""`desk sandbox`: the providers and the mailbox, invented, on this machine."""

import os
import signal
import threading
from pathlib import Path

import click

from webapp.commands.shared import note
from webapp.sandbox import Keys, Options, SandboxSettings, serving


@click.command("sandbox")
@click.option("--port", type=click.IntRange(0, 65535), default=8801, show_default=True, help="Where it answers; 0 any.")
@click.option("--smtp-port", type=click.IntRange(0, 65535), default=8825, show_default=True, help="Where mail goes.")
@click.option("--file", "file", default="var/sandbox.sqlite3", show_default=True, help="Its books.")
@click.option("--desk", default=Options.desk, show_default=True, help="Where webhooks go.")
@click.option("--autopay", type=float, default=0.0, help="Pay checkouts after so many seconds, some untold.")
def command(port: int, smtp_port: int, file: str, desk: str, autopay: float) -> None:
    """Speak for Paystack, Flutterwave and Blnk, and catch mail, until told to stop; never in production."""
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    options = Options(desk=desk.rstrip("/"), autopay_seconds=autopay)
    settings = SandboxSettings(Keys.from_environment(os.environ), Path(file), options)
    with serving(settings, port=port, smtp_port=smtp_port) as served:
        note(f"The sandbox is at {served.url}, its mail at port {served.smtp_port}.")
        over.wait()
