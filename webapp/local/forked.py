"""Processes of the desk that are forked from this one, which has imported what they run.

Importing is most of what a start costs, and most of what an idle process holds in memory: forked, all share both.
"""

import atexit
import ctypes
import gc
import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import IO

import click
from setproctitle import setproctitle

IS_SAFE = sys.platform == "linux"
"""Elsewhere the libraries of the system may keep threads and locks that a fork would break."""
_PRELOADED = ("web", "processes", "sandbox")
_DEATH_SIGNAL = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class ForkedProcess:
    """A process of `multiprocessing`, started; with the part of `subprocess.Popen` that a supervisor uses."""

    def __init__(self, process: BaseProcess) -> None:
        process.start()
        assert process.pid is not None
        self._process, self.pid = process, process.pid

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code. Raises TimeoutExpired when it still runs after so many seconds."""
        self._process.join(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)


def preload() -> None:
    """Import what the desk's processes run, before the first is forked."""
    for name in _PRELOADED:
        importlib.import_module(f"webapp.commands.{name}")
    gc.collect()
    gc.freeze()


def fork_desk(arguments: Sequence[str], environment: Mapping[str, str], log: IO[bytes]) -> ForkedProcess:
    """Run `desk` with these arguments in a process that leads a session of its own and ends with this one.

    This process may have no other thread and no open connection at that moment.
    """
    target: Callable[..., None] = _be_desk
    process = get_context("fork").Process(
        target=target, args=(list(arguments), dict(environment), log.fileno(), os.getpid()), daemon=True
    )
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    try:
        return ForkedProcess(process)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def end_with_parent() -> None:
    """On Linux the kernel asks this process to stop when its parent is gone, even killed."""
    if _LIBC is not None:
        _LIBC.prctl(_DEATH_SIGNAL, signal.SIGTERM)


def _be_desk(arguments: list[str], environment: dict[str, str], log: int, parent: int) -> None:
    """What the forked process does: become what a `desk` that was typed would be, then run it."""
    desk = click.get_current_context().find_root().command
    os.setsid()
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    end_with_parent()
    if os.getppid() != parent:
        os._exit(1)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
    _use_streams(log)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["desk", *arguments]
    setproctitle(" ".join(sys.argv))
    try:
        desk.main(arguments, prog_name="desk")
    finally:
        # What a process leaves to do at its exit, such as to say that it has stopped, a forked one is not asked for.
        atexit._run_exitfuncs()


def _use_streams(log: int) -> None:
    """Read nothing and write to the log."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for stream in (1, 2):
        os.dup2(log, stream)
