"""Processes of the desk that begin where their imports have ended.

Most of what a new process costs is importing: about as much as a test that kills it does afterwards. These are forked
from one that has imported everything, and connected to nothing; what they run, and with which environment, is the same.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_PRELOADED = ["webapp.cli", "webapp.app", "webapp.jobs.processes.worker", "webapp.jobs.processes.scheduler"]
_context = multiprocessing.get_context("forkserver")


class Forked:
    """A process, with the part of `subprocess.Popen` that tests use."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path) -> None:
        """`argv` as after `python`: a script and its arguments, or `-m`, a module and its arguments."""
        _context.set_forkserver_preload(_PRELOADED)
        self._process = _context.Process(target=_run, args=(list(argv), dict(environment), folder, log), daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        """As it ended; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """The same."""
        return self._process.exitcode

    def wait(self, seconds: float | None = None) -> int:
        """As it ended; for how long to wait, or for ever. Raises TimeoutExpired when it still runs after so long."""
        self._process.join(seconds)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(str(self.pid), seconds or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()


def _run(argv: list[str], environment: dict[str, str], folder: Path, log: Path) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for stream in (1, 2):
        os.dup2(written, stream)
    os.close(written)
    if argv[0] == "-m":
        sys.argv = argv[1:]
        runpy.run_module(argv[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = argv
        runpy.run_path(argv[0], run_name="__main__")
