"""A desk that is up."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.up.processes import Up


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Up]]:
    """Start a desk, by its options and settings; what still runs at the end is ended."""
    started: list[Up] = []

    def begin(*options: str, **environment: str) -> Up:
        started.append(Up(tmp_path / "var", *options, **environment))
        return started[-1]

    yield begin
    for up in started:
        up.end()
