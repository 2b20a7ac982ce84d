"""Carries the script out: each fault in a thread of its own, those of one thing one after another."""

import logging
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from soak.faults.kinds import EXCLUSIVE, KINDS
from soak.faults.script import Planned
from soak.world import World

_LONGEST = 60.0
log = logging.getLogger("soak")


@dataclass
class Injected:
    """A fault that was done, and when it was over, by the monotonic clock."""

    kind: str
    ended: float


@dataclass
class Injector:
    """Does what the script says; `done` is what was done, `failed` what could not be, by kind."""

    world: World
    done: list[Injected] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    _lanes: dict[str, threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))
    _threads: list[threading.Thread] = field(default_factory=list)
    most: int | None = None

    def run(self, script: Iterator[Planned], over: threading.Event) -> None:
        """Do every fault at its time, then wait until the last is undone."""
        began = time.monotonic()
        for planned in script:
            if over.wait(max(0.0, began + planned.at - time.monotonic())):
                break
            thread = threading.Thread(target=self._do, args=(planned,), name=planned.kind, daemon=True)
            thread.start()
            self._threads.append(thread)
            if self.most is not None and planned.number >= self.most:
                break
        for thread in self._threads:
            thread.join(_LONGEST)

    def _do(self, planned: Planned) -> None:
        name = EXCLUSIVE.get(planned.kind, f"fault {planned.number}")
        with self._lanes[name]:
            doing = KINDS[planned.kind](self.world, planned)
            try:
                for _ in doing:
                    time.sleep(planned.hold)
            except Exception as failure:
                log.warning("fault %s %s: %r", planned.number, planned.kind, failure)
                self.failed[planned.kind] += 1
            else:
                self.done.append(Injected(planned.kind, time.monotonic()))
