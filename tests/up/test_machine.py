"""What stands in the way on a machine is said before anything is installed, with what to do there."""

import ast
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
from collections import namedtuple
from pathlib import Path

import check_machine
import package_manager
import pytest
import reach_packages

TOOLS = Path(__file__).parents[2] / "tools"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH, empty at first."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def put(path: Path, name: str, says: str = "") -> None:
    (path / name).write_text(f"#!/bin/sh\n/bin/cat <<'E'\n{says}\nE\n")
    (path / name).chmod(0o755)


def as_user(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: number)


@pytest.mark.parametrize("name", ["check_machine", "package_manager"])
def test_it_is_read_by_an_old_python_too(name: str) -> None:
    ast.parse((TOOLS / f"{name}.py").read_text(), feature_version=(3, 6))


def test_here_nothing_stands_in_the_way() -> None:
    # Not in pytest's own folder: that may be too long for a socket.
    with tempfile.TemporaryDirectory(prefix="Käse und Brot ", dir="/tmp") as folder:
        assert check_machine.problems(folder, {}, ["check"]) == []


def test_an_old_python_is_said_with_the_newest_that_this_machine_offers(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_user(monkeypatch, 1000)
    put(path, "sudo")
    offers = [("python3.14", "(none)"), ("python3.12", "3.12.3-1"), ("python3.11", "3.11.2-1"), ("python3", "3.11")]
    put(path, "apt-cache", "\n".join(f"{name}:\n  Installed: (none)\n  Candidate: {has}" for name, has in offers))
    put(path, "apt-get")
    said = check_machine.wrong_python((3, 9, 2))
    assert said.startswith("Python 3.9 is too old")
    assert said.endswith("Install one: sudo apt install python3.12 python3.12-venv")


def test_a_python_that_nobody_tried_is_not_taken() -> None:
    assert "such as: make up PYTHON=python3.14" in check_machine.wrong_python((3, 15, 0))


def test_the_missing_part_of_debians_python_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_user(monkeypatch, 0)
    put(path, "apt-cache", "python3:\n  Installed: 3.13.5-1\n  Candidate: 3.13.5-1")
    put(path, "apt-get")
    found = check_machine.importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "ensurepip" else found(name))
    here = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    assert check_machine.no_venv().endswith(f"Install it: apt install {here}")


@pytest.mark.parametrize(
    ("managers", "command"),
    [
        ({"apt-get": "", "apt-cache": "python3:\n  Installed: 3\n  Candidate: 3\nredis-server:\n  Installed: (none)\n  "
          "Candidate: 7\nvalkey-server:\n  Installed: (none)\n  Candidate: 8"}, "apt install valkey-server"),
        ({"apt-get": "", "apt-cache": "python3:\n  Installed: 3\n  Candidate: 3\nredis-server:\n  Installed: (none)\n  "
          "Candidate: 7\nvalkey-server:\n  Installed: (none)\n  Candidate: (none)"}, "apt install redis-server"),
        ({"apt-get": "", "apt-cache": ""}, "apt update && apt install redis-server"),
        ({"dnf": "redis"}, "dnf install redis"),
        ({"dnf": "redis\nvalkey"}, "dnf install valkey"),
        ({"brew": ""}, "brew install valkey"),
        ({"pacman": ""}, "pacman -S valkey"),
    ],
)  # fmt: skip
def test_without_a_server_the_command_of_this_machine_is_said(
    managers: dict[str, str], command: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_user(monkeypatch, 0)
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    for name, says in managers.items():
        put(path, name, says)
    assert check_machine.no_server({}).endswith(
        f"none comes along for {sys.platform} on riscv64. Install it: {command}"
    )
    assert check_machine.no_server({"REDIS_URL": "redis://there"}) == ""
    put(path, "valkey-server")
    assert check_machine.no_server({}) == ""


def test_without_sudo_root_is_asked_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_user(monkeypatch, 1000)
    put(path, "dnf", "valkey")
    assert package_manager.command_for(package_manager.SERVER) == "as root: dnf install valkey"


@pytest.mark.parametrize("folder", ["/home/a:b/desk", "/home/what?/desk", "/home/100%/desk"])
def test_a_path_that_cannot_be_used_is_said(folder: str) -> None:
    assert f"The path {folder} has" in check_machine.odd_path(folder)


def test_a_folder_that_cannot_be_written_is_said() -> None:
    assert "Nothing can be written in /proc" in check_machine.not_writable("/proc")


def test_a_folder_without_sockets_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoSockets(socket.socket):
        def bind(self, _address: object) -> None:
            raise OSError(95, "Operation not supported")

    here = Path.cwd()
    assert check_machine.no_sockets(str(tmp_path / "var")) == ""
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(socket, "socket", NoSockets)
    assert "Operation not supported" in check_machine.no_sockets(str(tmp_path / "var"))
    assert Path.cwd() == here


def test_a_path_too_long_for_a_socket_is_said() -> None:
    """The limit is one of bytes."""
    long = "/home/" + "ŋ" * 50
    assert "set VAR_DIR to a shorter folder" in check_machine.long_path(long, {})
    assert check_machine.long_path(long, {"REDIS_URL": "redis://there"}) == ""
    assert check_machine.long_path("/home/" + "n" * 50, {}) == ""


def test_a_full_disk_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage(2**40, 2**40 - 2**29, 2**29))
    assert f"The disk of {tmp_path} has 512 MB free" in check_machine.full(str(tmp_path))


def test_a_silent_proxy_is_said() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert "unset HTTPS_PROXY" in check_machine.silent_proxy({"HTTPS_PROXY": address})
        silent.listen()
        assert check_machine.silent_proxy({"HTTPS_PROXY": address}) == ""


def test_a_taken_port_is_said_only_to_who_wants_it(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        (said,) = check_machine.problems(str(tmp_path), {"PORT": port}, ["up"])
        assert said.startswith(f"Port {port} is taken. Set PORT to a free one: make up PORT=")
        assert check_machine.problems(str(tmp_path), {"PORT": port}, ["test"]) == []


def test_it_says_all_and_refuses(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(TOOLS / "check_machine.py"), "up"], cwd=tmp_path, capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], "VAR_DIR": "/tmp/" + "n" * 120, "HTTPS_PROXY": "http://127.0.0.1:1"},
    )  # fmt: skip
    assert done.returncode == 1
    assert "too long for a socket" in done.stderr
    assert "no proxy answers there" in done.stderr


@pytest.mark.parametrize(
    ("said", "what_to_do"),
    [
        ("ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407 …'))", "set HTTPS_PROXY"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] …'))", "set PIP_CERT"),
        ("NewConnectionError('<…>: [Errno -3] Temporary failure in name resolution')", "Is there a network?"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "not the one that was locked"),
        ("OSError: [Errno 28] No space left on device", "make room"),
    ],
)
def test_packages_out_of_reach_are_said_with_their_cause(said: str, what_to_do: str) -> None:
    pip = f"Looking in indexes: …\nWARNING: Retrying after connection broken by {said}\nERROR: No matching distribution"
    assert what_to_do in reach_packages.reason(pip)
    assert said in reach_packages.telling(pip)


def test_the_sample_is_in_the_lock() -> None:
    lock = (TOOLS.parent / "requirements.lock").read_text()
    assert "--hash=sha256:" in reach_packages.locked(reach_packages.SAMPLE, lock)
