"""A desk that is up."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.up.processes import Up


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Up]]:
    """Start a desk; what still runs at the end is ended."""
    started: list[Up] = []

    def begin(folder: Path = tmp_path / "var", **environment: str) -> Up:
        started.append(Up(folder, **environment))
        return started[-1]

    yield begin
    for up in started:
        up.end()
