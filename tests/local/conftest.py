"""A desk that is up."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.local_desk import LocalDesk


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., LocalDesk]]:
    """Start a desk, by its options and settings; what still runs at the end is ended."""
    started: list[LocalDesk] = []

    def begin(*options: str, **environment: str) -> LocalDesk:
        started.append(LocalDesk(tmp_path / "var", *options, **environment))
        return started[-1]

    yield begin
    for up in started:
        up.end()
