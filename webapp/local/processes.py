"""The processes that `desk up` starts: each ends with its parent, and is started again when it ends by itself."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from webapp.local import forked
from webapp.private_files import private_folder

_LONGEST_PAUSE = 30.0


@dataclass
class ChildProcess:
    """One process and how often it had to be started again."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | forked.ForkedProcess | None = None
    starts: int = 0
    started_at: float = 0
    start_after: float = field(default=0)

    def start(self) -> None:
        """Start it, in a session of its own, so that the terminal's Ctrl-C reaches only the one who stops all."""
        private_folder(self.log.parent)
        with self.log.open("ab") as log:
            self.process = self._begin(log)
        self.starts += 1
        self.started_at = time.monotonic()

    def _begin(self, log: IO[bytes]) -> subprocess.Popen[bytes] | forked.ForkedProcess:
        return _execute(self.command, self.environment, log)

    @property
    def ended(self) -> int | None:
        """Its exit code, or None while it runs."""
        return self.process.poll() if self.process else None

    def pause_before_restart(self) -> float:
        """Seconds to wait before the next start: none at first, longer each time it ends soon after a start."""
        if time.monotonic() - self.started_at > _LONGEST_PAUSE:
            self.starts = 1
        return min(_LONGEST_PAUSE, 0.0 if self.starts <= 1 else 0.5 * 2 ** (self.starts - 2))

    def ask_to_stop(self) -> None:
        """Ask it to finish what it does and end."""
        self._signal(signal.SIGTERM)

    def wait_or_kill(self, until: float) -> None:
        """Wait for its end up to an instant of the monotonic clock; then end its whole group."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self.process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        try:
            if number == signal.SIGKILL:
                os.killpg(self.process.pid, number)
            else:
                self.process.send_signal(number)
        except ProcessLookupError:
            return


class DeskProcess(ChildProcess):
    """One of the desk's own: its command is what would be typed after `desk`."""

    def _begin(self, log: IO[bytes]) -> subprocess.Popen[bytes] | forked.ForkedProcess:
        if forked.IS_SAFE:
            return forked.fork_desk(self.command, self.environment, log)
        return _execute([sys.executable, "-m", "webapp.cli", *self.command], self.environment, log)


def _execute(command: list[str], environment: Mapping[str, str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        preexec_fn=forked.end_with_parent,
    )
