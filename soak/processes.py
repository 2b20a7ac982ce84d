"""Processes that are started again when they end, as a supervisor of a deployment does."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psutil

from webapp.local.forked import end_with_parent

_LOOK = 0.1
_PAUSE = 0.5
_PATIENCE = 20.0


class Started(Protocol):
    """A process, as far as it has to be known."""

    pid: int

    def poll(self) -> int | None:
        """How it ended; None while it runs."""

    def wait(self, timeout: float | None = None, /) -> int:
        """How it ended, waited for."""


Start = Callable[[Sequence[str], Mapping[str, str], Path, str | None], Started]
"""Starts a command in a session of its own: the command, its environment, its log, and as whom."""


def execute(command: Sequence[str], environment: Mapping[str, str], log: Path, user: str | None) -> Started:
    """Start a command as a supervisor does; it is asked to end when this process is gone."""
    with log.open("ab") as written:
        return subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            start_new_session=True,
            user=user,
            preexec_fn=end_with_parent,
        )


@dataclass(eq=False)
class Supervised:
    """One process by name; `command` is read at each start. With `held` it stays down."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    user: str | None = None
    begin: Start = execute
    held: bool = False
    starts: int = 0
    process: Started | None = None
    _groups: list[int] = field(default_factory=list)
    _ended_at: float = 0.0

    @property
    def kind(self) -> str:
        """`web` of `web-2`."""
        return self.name.partition("-")[0]

    @property
    def is_up(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it, in a group of its own."""
        self.process = self.begin(self.command, self.environment, self.log, self.user)
        self.starts += 1
        self._groups.append(self.process.pid)

    def look(self, now: float) -> None:
        """Start it again when it has ended a moment ago."""
        if self.held or self.is_up:
            self._ended_at = 0.0
        elif self.starts and not self._ended_at:
            self._ended_at = now
        elif not self.starts or now - self._ended_at >= _PAUSE:
            self._ended_at = 0.0
            self.start()

    def send(self, number: signal.Signals, *, a_child: bool = False) -> bool:
        """Send it a signal, or one of its children: gunicorn's workers are children. False when it was not there."""
        if self.process is None or self.process.poll() is not None:
            return False
        with suppress(psutil.Error, ProcessLookupError):
            children = psutil.Process(self.process.pid).children() if a_child else []
            os.kill(children[0].pid if children else self.process.pid, number)
            return True
        return False

    def send_to_all(self, number: signal.Signals) -> bool:
        """Send a signal to its whole group; to it alone when it leads none. False when it was not there."""
        if self.process is not None and self.process.poll() is None:
            with suppress(ProcessLookupError):
                is_leader = os.getpgid(self.process.pid) == self.process.pid
                (os.killpg if is_leader else os.kill)(self.process.pid, number)
                return True
        return False

    def freeze(self) -> Callable[[], None] | None:
        """Let its group stand still; gives what lets it go on, whoever leads it by then. None when it was not there.

        Who is killed while it stands still leaves children that stand still, with their ports, until they may go on.
        """
        group = self._groups[-1] if self._groups else 0
        if not self.send_to_all(signal.SIGSTOP):
            return None

        def go_on() -> None:
            self.send_to_all(signal.SIGCONT)
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGCONT)

        return go_on

    def end(self) -> None:
        """End what is left of every group that it ever had; its leaders are waited for, so none is somebody else's."""
        for group in self._groups:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
        if self.process is not None:
            self.send(signal.SIGKILL)
            self.process.wait(10)


class Supervisor:
    """All of them, watched by one thread."""

    def __init__(self, begin: Start = execute) -> None:
        self._begin = begin
        self.processes: dict[str, Supervised] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def add(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path, user: str | None = None
    ) -> Supervised:
        """One more to be kept running."""
        begin = execute if user else self._begin
        made = Supervised(name, list(command), environment, log, user, begin, held=True)
        self.processes[name] = made
        return made

    def start(self, *kinds: str) -> None:
        """Keep those of these kinds running from now on; without any, all."""
        for each in self.of(*kinds) if kinds else self.processes.values():
            each.held = False
        if not self._thread.is_alive():
            self._thread.start()

    def of(self, *kinds: str) -> list[Supervised]:
        """Those of these kinds, by name."""
        return [each for each in self.processes.values() if each.kind in kinds]

    def stop(self) -> None:
        """Ask all to end, wait, then end what is left."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(10)
        for each in self.processes.values():
            each.send_to_all(signal.SIGCONT)
            each.send(signal.SIGTERM)
        ends = time.monotonic() + _PATIENCE
        while time.monotonic() < ends and any(each.is_up for each in self.processes.values()):
            time.sleep(_LOOK)
        for each in self.processes.values():
            each.end()

    def _watch(self) -> None:
        while not self._over.wait(_LOOK):
            for each in list(self.processes.values()):
                each.look(time.monotonic())
