"""What clients asked for and were answered, line by line in a file, for the oracle.

A line says which write it is (`kind`, and the `name` by which its row is found), and how it stands: `asked` before the
first attempt, then `acknowledged`, `refused`, or, when the soak ends first, nothing more: it may be there or not.
`unsure` is a form that was refused after an earlier sending of it got no answer: that one may have been done.
"""

import json
import threading
from collections import Counter
from pathlib import Path
from typing import Any

ASKED, ACKNOWLEDGED, REFUSED, UNSURE = "asked", "acknowledged", "refused", "unsure"


class Journal:
    """The file, and counts of what is in it."""

    def __init__(self, file: Path) -> None:
        self._file, self._lock = file.open("a"), threading.Lock()
        self.counts: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self.samples: dict[str, str] = {}
        self._open: dict[str, tuple[str, str]] = {}

    def ask(self, key: str, kind: str, name: str) -> None:
        """A write is about to be sent for the first time, under this idempotency key."""
        with self._lock:
            self._open[key] = (kind, name)
            self._write(key, kind, name, ASKED)

    def answer(self, key: str, status: int, text: str, *, is_sure: bool = True) -> None:
        """It was answered for good; `is_sure` when the refusal can't be of what an earlier sending has done."""
        outcome = ACKNOWLEDGED if status < 400 else REFUSED if is_sure else UNSURE
        with self._lock:
            kind, name = self._open.pop(key)
            self._write(key, kind, name, outcome)
            self.counts[f"{kind} {outcome}"] += 1
            if outcome in (REFUSED, UNSURE):
                self.samples.setdefault(f"{kind} {status}", text[:300])

    def attempt(self, what: str) -> None:
        """Count how one attempt ended: a status, or the kind of failure."""
        with self._lock:
            self.answers[what] += 1

    def unanswered(self) -> list[tuple[str, str]]:
        """Writes that nobody was given an answer to."""
        with self._lock:
            return list(self._open.values())

    def _write(self, key: str, kind: str, name: str, state: str) -> None:
        line: dict[str, Any] = {"key": key, "kind": kind, "name": name, "state": state}
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
