"""A port that can't be had is said with one that can, before the installation and at each start."""

import errno
import os
import socket
from collections.abc import Callable

import check_machine
import pytest

from webapp.errors import Conflict
from webapp.local.workdir import check_port


def at_start(port: int) -> str:
    with pytest.raises(Conflict) as refused:
        check_port(port)
    return str(refused.value)


def before_installing(port: int) -> str:
    return str(check_machine.taken_port(str(port)))


both = pytest.mark.parametrize("look", [at_start, before_installing])


def answers(monkeypatch: pytest.MonkeyPatch, refused: dict[int, int]) -> None:
    """Let these ports be refused with these errors."""

    class Ports(socket.socket):
        def bind(self, address: tuple[str, int]) -> None:  # type: ignore[override]
            if number := refused.get(address[1]):
                raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket, "socket", Ports)


@both
def test_the_port_that_is_named_instead_is_free(look: Callable[[int], str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a desk that runs is its sandbox."""
    answers(monkeypatch, dict.fromkeys((8000, 8001, 8002), errno.EADDRINUSE))
    said = look(8000)
    assert said.startswith("Port 8000 is taken. Set PORT to a free one")
    assert said.rstrip(".").endswith("PORT=8003")


@both
def test_a_port_of_roots_is_not_called_taken(look: Callable[[int], str], monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, dict.fromkeys(range(1, 1024), errno.EACCES))
    said = look(80)
    assert said.startswith("Port 80 can't be used (Permission denied). Set PORT to a free one")
    assert said.rstrip(".").endswith("PORT=1025")
