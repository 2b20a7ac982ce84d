"""When `make` installs, when it installs anew, and what it says without any Python. Nothing is installed here."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.paths import ROOT

ANEW, IN_PLACE, NOTHING = "-m venv --clear .venv", "pip install", "exec .venv/bin/desk up"
TOOLS = ("sh", "make", "test", "grep", "sed", "id", "uname")


def script(file: Path, *lines: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.write_text("\n".join(["#!/bin/sh", *lines]))
    file.chmod(0o755)
    return file


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with Python 3.12 on its PATH, where all is installed for 3.12."""
    folder = tmp_path / "a clone"
    (folder / "tools").mkdir(parents=True)
    for name in ("Makefile", "requirements.lock", "pyproject.toml", "tools/no_python.sh"):
        shutil.copyfile(ROOT / name, folder / name)
    for tool in TOOLS:
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
    script(tmp_path / "bin" / "python3.12", "echo 3 12")
    script(folder / ".venv" / "bin" / "python", "echo 3 12")
    script(folder / ".venv" / "bin" / "desk", f"'''exec' \"{folder}/.venv/bin/python\"")
    (folder / ".venv" / ".ready").touch()
    return folder


def make(clone: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["make", *arguments], cwd=clone, env={"PATH": str(clone.parent / "bin")}, capture_output=True, text=True
    )
    return done.stdout + done.stderr


def test_what_is_installed_is_not_installed_again(clone: Path) -> None:
    assert make(clone, "-n", "up").strip() == NOTHING
    assert make(clone, "-n", "up", "PYTHON=python3.12").strip() == NOTHING


def test_a_new_lock_is_installed_where_the_old_one_was(clone: Path) -> None:
    os.utime(clone / ".venv" / ".ready", (1, 1))
    said = make(clone, "-n", "up")
    assert IN_PLACE in said
    assert 'test -z "" || python3.12' in said


@pytest.mark.parametrize("broken", ["cut short", "python gone", "python of another version", "moved"])
def test_what_is_broken_is_installed_anew(broken: str, clone: Path) -> None:
    if broken == "cut short":
        (clone / ".venv" / ".ready").unlink()
    elif broken == "python gone":
        (clone / ".venv" / "bin" / "python").unlink()
        (clone / ".venv" / "bin" / "python").symlink_to("/nowhere/python3.12")
    elif broken == "python of another version":
        script(clone / ".venv" / "bin" / "python", "echo No module named pip >&2", "exit 1")
    else:
        clone = clone.rename(clone.parent / "elsewhere")
    assert f'test -z "yes" || python3.12 {ANEW}' in make(clone, "-n", "up")


def test_another_python_that_is_chosen_is_installed_for(clone: Path) -> None:
    script(clone.parent / "bin" / "python3.13", "echo 3 13")
    assert make(clone, "-n", "up").strip() == NOTHING
    assert f'test -z "yes" || python3.13 {ANEW}' in make(clone, "-n", "up", "PYTHON=python3.13")


def test_a_chosen_python_that_is_not_here_is_said(clone: Path) -> None:
    """A version manager has names on the PATH that it won't start."""
    script(clone.parent / "bin" / "python3.11", "exit 127")
    for name in ("python3.11", "python3.99"):
        assert f"There is no {name} here that starts" in make(clone, "up", f"PYTHON={name}")
    assert (clone / ".venv" / ".ready").exists()


def test_without_any_python_the_command_of_this_machine_is_said(clone: Path) -> None:
    shutil.rmtree(clone / ".venv")
    (clone.parent / "bin" / "python3.12").unlink()
    script(clone.parent / "bin" / "python", "exit 1")  # a Python 2 that is asked for its version
    script(clone.parent / "bin" / "pacman")
    root = "" if os.geteuid() == 0 else "as root: "
    assert f"Install one: {root}pacman -S python\n" in make(clone, "up")
    assert not (clone / ".venv").exists()
