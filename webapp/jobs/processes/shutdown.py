"""Being asked to stop: SIGTERM and SIGINT, noticed between two things."""

import signal
import threading
import time
from collections.abc import Callable

from webapp.logs import get_logger

_LONGEST_PAUSE = 15.0


class ShutdownFlag:
    """Whether this process was asked to stop. Only its main thread may make one."""

    def __init__(self) -> None:
        self.stop = False
        self._woken = threading.Event()
        self.listen()

    def listen(self) -> None:
        """Take the signals (again: RQ's worker keeps them to itself while it works)."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle_signal)

    def wait(self, seconds: float) -> None:
        """Wait, or stop waiting when asked to stop."""
        ends = time.monotonic() + seconds
        while not self.stop and (left := ends - time.monotonic()) > 0:
            self._woken.wait(min(left, 0.25))

    def until(self, act: Callable[[], object]) -> None:
        """Do it until it works, with growing pauses, or until this process is asked to stop."""
        pause = 0.5
        while not self.stop:
            try:
                act()
                return
            except Exception as problem:  # whatever is not there yet may come
                get_logger().warning("start.waiting", problem=str(problem).partition("\n")[0], again_in=pause)
                self.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    def _handle_signal(self, *_: object) -> None:
        self.stop = True
        self._woken.set()
