"""The server that `desk up` starts: the machine's own where there is one, else the one that came along."""

import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

from tests.faults.desk import until
from webapp.errors import Unavailable
from webapp.local import redis_server


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH, empty at first."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def put(path: Path, name: str) -> Path:
    file = path / name
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return file


@contextmanager
def serving(folder: Path) -> Iterator[Redis]:
    """The server of this folder, asked to stop at the end, which it does without being killed."""
    socket = folder / "redis" / "redis.sock"
    process = subprocess.Popen(redis_server.command(socket), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = Redis(unix_socket_path=str(socket))
    try:
        until(client.ping, 10)
        yield client
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert not socket.exists()
    finally:
        process.kill()
        process.wait()
        client.close()


def test_a_server_on_the_path_goes_first(path: Path) -> None:
    redis = put(path, "redis-server")
    assert redis_server.binary() == str(redis)
    valkey = put(path, "valkey-server")
    assert redis_server.binary() == str(valkey)


def test_else_the_one_that_came_along_is_taken(path: Path) -> None:
    told = subprocess.run([redis_server.binary(), "--version"], capture_output=True, text=True, check=True).stdout
    assert told.startswith("Valkey server v=9.")


def test_without_any_what_to_do_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(Unavailable, match="Install one, so that valkey-server or redis-server is on the PATH"):
        redis_server.binary()


def test_it_keeps_its_data_and_throws_nothing_out(path: Path, tmp_path: Path) -> None:
    with serving(tmp_path) as client:
        client.set("kept", "yes")
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("port") == {"port": "0"}
    with serving(tmp_path) as client:
        assert client.get("kept") == b"yes"


def test_only_its_owner_may_use_it(path: Path, tmp_path: Path) -> None:
    """As private as the rights alone make it, also for what does not set its own, such as the log of commands."""
    before = os.umask(0o077)
    try:
        with serving(tmp_path) as client:
            client.set("kept", "yes")
            made = [tmp_path / "redis", *(tmp_path / "redis").rglob("*")]
            assert any(stat.S_ISSOCK(file.stat().st_mode) for file in made)
            assert [str(file) for file in made if file.stat().st_mode & 0o077] == []
    finally:
        os.umask(before)


def test_its_data_are_commands_that_any_other_server_reads(path: Path, tmp_path: Path) -> None:
    """The PATH may have another server tomorrow, and a snapshot of one is refused by the next."""
    with serving(tmp_path) as client:
        client.set("kept", "yes")
        client.bgrewriteaof()
        until(lambda: not client.info("persistence")["aof_rewrite_in_progress"], 10)
        until(lambda: client.info("persistence")["aof_last_bgrewrite_status"] == "ok", 10)
        bases = list((tmp_path / "redis").rglob("*.base.*"))
        assert bases
        assert all(file.read_bytes()[:1] in (b"", b"*") for file in bases)
