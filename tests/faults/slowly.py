"""Small and slow chunks, so that a fault falls into the middle of a run."""

import os
import time
from unittest.mock import patch

from webapp.jobs.engine import chunks

_transaction = chunks.Chunks._transaction


def _slowly(self: chunks.Chunks, rows: list[chunks.Row], advance: bool, wait: bool) -> None:
    """A chunk, and then a rest."""
    _transaction(self, rows, advance, wait)
    time.sleep(0.1)


def slow_down() -> None:
    """Let every run of this process be long."""
    chunks.CHUNK = int(os.environ["DESK_TEST_CHUNK"])
    patch.object(chunks.Chunks, "_transaction", _slowly).start()
