"""What the fault tests stand on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.desk import Desk
from webapp.runtime import Runtime


@pytest.fixture
def desk(runtime: Runtime, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(runtime.db.url, tmp_path)
    try:
        yield made
    finally:
        made.stop()
