"""What stands in the way on a machine is said before anything is installed, with what to do there."""

import ast
import importlib.util
import os
import platform
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections import namedtuple
from pathlib import Path

import check_machine
import package_manager
import pytest
import reach_packages

from tests.support.paths import ROOT

TOOLS = ROOT / "tools"


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
    offers = [
        ("python3.14", "(none)"),
        ("python3.12", "3.12.3-1"),
        ("python3.11", "3.11.2-1"),
        ("python3-venv", "3.11"),
    ]
    put(path, "apt-cache", "\n".join(f"{name}:\n  Installed: (none)\n  Candidate: {has}" for name, has in offers))
    put(path, "apt-get")
    said = check_machine.wrong_python((3, 9, 2))
    assert said.startswith("Python 3.9 is too old")
    assert said.endswith("Install one: sudo apt install python3.12 python3.12-venv")


def test_a_python_that_nobody_tried_is_not_taken(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_user(monkeypatch, 0)
    put(path, "dnf", "python3.14")
    said = check_machine.wrong_python((3, 15, 0))
    assert said.startswith("Python 3.15 is newer than what was tried")
    assert said.endswith("Install one: dnf install python3.14")


def test_the_missing_part_of_debians_python_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_user(monkeypatch, 0)
    put(path, "apt-get")
    put(path, "apt-cache", "python3-venv:\n  Installed: (none)\n  Candidate: 3.13.5-1")
    found = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "ensurepip" else found(name))
    here = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    assert check_machine.no_venv().endswith(f"Install it: apt install {here}")
    put(path, "apt-cache", "python3-venv:\n  Installed: (none)\n  Candidate: (none)")
    assert check_machine.no_venv().endswith(f"Install it: apt update && apt install {here}")


@pytest.mark.parametrize(
    ("managers", "command"),
    [
        ({"apt-get": "", "apt-cache": ""}, "apt update && apt install python3 python3-venv"),
        ({"dnf": ""}, "dnf install python3.12"),
        ({"dnf": "python3.12\n\npython3.13\n"}, "dnf install python3.13"),
        ({"zypper": ""}, "zypper install python313"),
        ({"zypper": '<solvable status="not-installed" name="python311" summary="x"/>\n'
          '<solvable status="not-installed" name="python312" summary="x"/>'}, "zypper install python312"),
        ({"pacman": ""}, "pacman -S python"),
        ({"brew": ""}, "brew install python@3.13"),
        ({"apt-get": "", "apt-cache": "python3-venv:\n  Installed: no\n  Candidate: 3.9"}, "`uv python install 3.13`"),
        ({}, "`uv python install 3.13`"),
    ],
)  # fmt: skip
def test_the_command_of_this_machine_is_said(
    managers: dict[str, str], command: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_user(monkeypatch, 0)
    monkeypatch.setattr(sys, "platform", "linux")
    for name, says in managers.items():
        put(path, name, says)
    assert check_machine.wrong_python((3, 9, 2)).endswith((command, command + " brings one."))


def test_who_has_arch_and_a_newer_python_is_not_sent_to_the_same_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(path, "pacman")
    assert "pacman" not in check_machine.wrong_python((3, 15, 0))


@pytest.mark.parametrize(
    ("system", "machine", "said"),
    [
        ("linux", "x86_64", ""),
        ("linux", "aarch64", ""),
        ("darwin", "arm64", ""),
        ("darwin", "x86_64", "This Python is made for Intel's processors"),
        ("linux", "armv7l", "not for linux on armv7l"),
        ("linux", "riscv64", "not for linux on riscv64"),
    ],
)
def test_a_processor_without_ready_made_packages_is_said(
    system: str, machine: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    found = check_machine.wrong_system("/home/desk")
    assert said in found
    assert bool(found) == bool(said)


def test_a_linux_with_musl_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sysconfig, "get_config_var", lambda _name: "x86_64-alpine-linux-musl")
    assert "Take a Debian" in check_machine.wrong_system("/home/desk")


def test_without_sudo_root_is_asked_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_user(monkeypatch, 1000)
    put(path, "dnf", "python3.13")
    assert package_manager.command_for(package_manager.PYTHON) == "as root: dnf install python3.13"


@pytest.mark.parametrize("name", ["a:b", "what?", "100%", "a$b", "{a}", 'a"', "a\\b", "`a`"])
def test_a_path_that_cannot_be_used_is_said(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    (said,) = check_machine.problems(str(folder), {"VAR_DIR": "/tmp/v"}, ["test"])
    assert said.startswith(f"The path {folder} has")


def test_a_folder_that_cannot_be_written_is_said() -> None:
    assert "Nothing can be written in /proc" in check_machine.not_writable("/proc")


def test_a_folder_without_sockets_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoSockets(socket.socket):
        def bind(self, _address: object) -> None:
            raise OSError(95, "Operation not supported")

    here = Path.cwd()
    assert check_machine.no_room_for_data(str(tmp_path / "var")) == ""
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(socket, "socket", NoSockets)
    assert "Operation not supported" in check_machine.no_room_for_data(str(tmp_path / "var"))
    assert Path.cwd() == here


def test_a_folder_for_data_that_cannot_be_written_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    said = check_machine.no_room_for_data("/srv/desk/var")
    assert said == "Nothing can be written in /srv, where the data go: set VAR_DIR to a folder of your own."


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
    assert check_machine.full_temporary_folder() == "", "less is needed there"
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage(2**40, 2**40 - 2**28, 2**28))
    assert check_machine.full_temporary_folder().endswith("make room, or set TMPDIR to another folder.")


def test_a_silent_proxy_is_said() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert "unset HTTPS_PROXY" in check_machine.silent_proxy({"HTTPS_PROXY": address})
        silent.listen()
        assert check_machine.silent_proxy({"HTTPS_PROXY": address}) == ""


def test_a_silent_proxy_that_packages_do_not_go_through_is_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "localhost,.example.com")
    proxy = {"HTTPS_PROXY": "http://127.0.0.1:1"}
    assert check_machine.silent_proxy(proxy | {"PIP_INDEX_URL": "https://pypi.example.com/simple"}) == ""
    assert "unset HTTPS_PROXY" in check_machine.silent_proxy(proxy)


def test_a_taken_port_is_said_only_to_who_wants_it(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        (said,) = check_machine.problems(str(tmp_path), {"PORT": port}, ["up"])
        assert said.startswith(f"Port {port} is taken. Set PORT to a free one: make up PORT=")
        assert check_machine.problems(str(tmp_path), {"PORT": port}, ["test"]) == []


def test_the_port_of_the_settings_file_is_the_one_that_is_looked_at(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        (tmp_path / ".env").write_text(f"# ours\nSECRET_KEY=PORT=1\nexport port = '{port}'  # at home\n")
        (said,) = check_machine.problems(str(tmp_path), {}, ["up"])
        assert said.startswith(f"Port {port} is taken")
        assert check_machine.settings_file(str(tmp_path)) == {"PORT": port}
        (tmp_path / ".env").write_text(f"PORT={port}\n")
        free = check_machine.problems(str(tmp_path), {"PORT": "65536"}, ["up"])
        assert free == [], "the environment goes first"


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
        ("InvalidSchema: Missing dependencies for SOCKS support.", "set HTTPS_PROXY to an HTTP proxy"),
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
