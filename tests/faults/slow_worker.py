"""A worker whose chunks are small and slow, so that a fault falls into the middle of a run."""

import os
import time
from typing import Any

from webapp.jobs import chunks
from webapp.jobs.start import main
from webapp.jobs.worker import work

_transaction = chunks.Chunks._transaction


def slowly(self: chunks.Chunks, *rows: Any) -> None:
    """A chunk, and then a rest."""
    _transaction(self, *rows)
    time.sleep(0.1)


chunks.CHUNK = int(os.environ["DESK_TEST_CHUNK"])
chunks.Chunks._transaction = slowly  # type: ignore[method-assign]
main(work)
