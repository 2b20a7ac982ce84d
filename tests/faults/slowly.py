"""Small and slow chunks, so that a fault falls into the middle of a run."""

import os
import time
from pathlib import Path
from unittest.mock import patch

from webapp.jobs.engine import chunks

_transaction = chunks.Chunks._transaction


def _slowly(self: chunks.Chunks, rows: list[chunks.Row], advance: bool, wait: bool) -> None:
    """A chunk, and then a rest, until the test is done with its fault: then there is no need to wait."""
    _transaction(self, rows, advance, wait)
    hurry = os.environ.get("DESK_TEST_HURRY")
    if not (hurry and Path(hurry).exists()):
        time.sleep(0.5)


def slow_down() -> None:
    """Let every run of this process be long."""
    chunks.CHUNK = int(os.environ["DESK_TEST_CHUNK"])
    patch.object(chunks.Chunks, "_transaction", _slowly).start()
