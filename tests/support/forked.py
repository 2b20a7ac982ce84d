"""Processes of the desk that begin where their imports have ended.

Most of what a new process costs is importing: about as much as a test that kills it does afterwards. These are forked
from one that has imported everything, and connected to nothing; what they run, and with which environment, is the same.
"""

import atexit
import multiprocessing
import os
import runpy
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT

_PRELOADED = ["tests.support.preloaded"]
_context = multiprocessing.get_context("forkserver")


def ended_as(function: Callable[..., None], *given: Any, seconds: float = 60) -> int | None:
    """How a process ended that did this alone, negative by a signal; None when it still runs after so long."""
    _context.set_forkserver_preload(_PRELOADED)
    process = _context.Process(target=function, args=given)
    process.start()
    process.join(seconds)
    return process.exitcode


class Forked:
    """A process, with the part of `subprocess.Popen` that tests use."""

    def __init__(
        self, argv: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path, errors: Path | None = None
    ) -> None:
        """`argv` as after `python`: a script and its arguments, or `-m`, a module and its arguments.

        It works in the folder, and writes to the log; what it says of errors to a file of their own, if one is given.
        """
        # What is forked already has imported everything, and forks by itself.
        context = _context if multiprocessing.parent_process() is None else multiprocessing.get_context("fork")
        _context.set_forkserver_preload(_PRELOADED)
        # No daemon of multiprocessing: one may not have children, and `desk up` has.
        self._process = context.Process(target=_run, args=(list(argv), dict(environment), folder, log, errors or log))
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


def desk(*words: str, environment: Mapping[str, str], log: Path, errors: Path | None = None) -> Forked:
    """The `desk` command with these words, from the checkout."""
    return Forked(["-m", "webapp.cli", *words], environment, ROOT, log, errors)


def _run(argv: list[str], environment: dict[str, str], folder: Path, log: Path, errors: Path) -> None:
    atexit._clear()  # What the process that forked it has left to do is not for this one.
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for stream, file in ((1, log), (2, errors)):
        written = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)
        os.dup2(written, stream)
        os.close(written)
    try:
        if argv[0] == "-m":
            sys.argv = argv[1:]
            sys.modules.pop(argv[1], None)  # Else runpy warns that it was imported already.
            runpy.run_module(argv[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = argv
            runpy.run_path(argv[0], run_name="__main__")
    finally:
        # What a process leaves to do at its exit, a forked one is not asked for.
        atexit._run_exitfuncs()
