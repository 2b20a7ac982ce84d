"""`make pythons`: which Pythons it takes, what it says of one that fails, and that it leaves nothing running."""

import signal
from pathlib import Path

import pytest
import try_pythons


def script(file: Path, *lines: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(["#!/bin/sh", *lines]))
    file.chmod(0o755)
    return file


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The first folder on the PATH; other places have no Python."""
    monkeypatch.setattr(try_pythons, "PLACES", (str(tmp_path / "versions" / "{}*" / "bin"),))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return tmp_path / "bin"


def test_a_python_that_does_not_run_is_passed_over(path: Path, tmp_path: Path) -> None:
    """A version manager puts names on the PATH for Pythons that it won't start."""
    script(path / "python3.99", "exit 127")
    assert try_pythons.found("3.99") is None
    runs = script(tmp_path / "versions" / "3.99.1" / "bin" / "python3.99", "exit 0")
    assert try_pythons.found("3.99") == str(runs)


def test_an_installation_that_fails_is_said_with_what_it_said(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    script(path / "make", "echo no room for $2", "exit 3")
    assert try_pythons.attempt("3.99", "python3.99") is False
    said = capfd.readouterr().err
    assert "FAILED, install: make up ended with 3" in said
    assert "no room for PYTHON=python3.99" in said


def test_one_that_does_not_stop_is_ended(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(try_pythons, "LONGEST", {"install": 5, "stop": 0.3})
    script(path / "make", "trap '' INT", "mkdir .venv && touch .venv/.ready", "while true; do sleep 0.1; done")
    (tmp_path / "copy").mkdir()
    desk = try_pythons.Desk(tmp_path / "copy", "python3.99")
    desk.step("install", desk.installed)
    with pytest.raises(try_pythons.Failed, match="stop: not within"):
        desk.stop()
    assert desk.process.returncode == -signal.SIGKILL


def test_without_any_it_fails(path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(try_pythons, "found", lambda _version: None)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    assert try_pythons.main() == 1
    assert "not here: 3.11, 3.12, 3.13, 3.14" in capsys.readouterr().out
