"""`desk web`: the pages and the API, in processes that gunicorn looks after."""

from typing import Any

import click
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from webapp.commands.closing_listeners import drain_accept_queues
from webapp.commands.shared import settings
from webapp.logs import configure
from webapp.private_files import UMASK
from webapp.settings import Settings
from webapp.web_server import BufferingWorker
from webapp.wsgi import application


class _Arbiter(Arbiter):
    """gunicorn's keeper of the processes. When one of them is replaced alone, the others go on accepting."""

    def stop(self, graceful: bool = True) -> None:
        """Let nobody wait to be accepted, then ask the processes to end."""
        if graceful:
            drain_accept_queues(each.sock for each in self.LISTENERS)
        super().stop(graceful)


class _Server(BaseApplication):
    """gunicorn, told what to do here instead of by its own command line and files."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        """Take the options."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def run(self) -> None:
        """Serve until told to stop."""
        _Arbiter(self).run()

    def load(self) -> Any:
        """The application, made in each worker: connections are never shared across a fork."""
        return application()


@click.command("web")
@click.option("--host", help="The address to listen on; by default this machine only, everywhere in production.")
@click.option("--processes", type=click.IntRange(1, 32), help="Processes; one with SQLite, two otherwise.")
@click.option("--threads", type=click.IntRange(1, 64), default=8, show_default=True, help="Threads of each process.")
def command(host: str | None, processes: int | None, threads: int) -> None:
    """Serve the pages and the API on PORT until told to stop."""
    found = settings()
    configure(found)
    _Server(options(found, host, processes, threads)).run()


def options(found: Settings, host: str | None = None, processes: int | None = None, threads: int = 8) -> dict[str, Any]:
    """gunicorn's options."""
    sqlite = found.database_address.startswith("sqlite")
    address = host or ("" if found.is_production else "127.0.0.1")
    return {
        "bind": f"{address}:{found.port}",
        "worker_class": BufferingWorker,
        "workers": processes or (1 if sqlite else 2),
        "threads": threads,
        "timeout": 60,
        "graceful_timeout": found.web_stop_seconds,
        "umask": UMASK,
        "proc_name": "escrow-desk-web",
        "loglevel": "warning",
        "control_socket_disable": True,
    }
