"""A release is refused until it is ready, its files are summed, and every library that is shipped has its licence."""

import json
import subprocess
from importlib import metadata
from pathlib import Path

import release
import sbom

from tests.support.paths import ROOT

DATED = "# Changelog\n\n## 0.2.0, 2027-01-31\n\nWhat is new.\n\n## 0.1.0, 2026-12-01\n\nOld.\n"


def test_what_is_ready_is_released_with_its_own_section() -> None:
    assert list(release.problems("0.2.0", DATED, "", {"0.1.0"})) == []
    assert release.notes(DATED) == "What is new.\n"


def test_what_is_not_ready_is_refused_with_what_to_do() -> None:
    [undated] = release.problems("0.2.0", DATED.replace("2027-01-31", "unreleased"), "", set())
    assert "Put the day there" in undated
    assert len(list(release.problems("0.3.0", DATED, " M a.py\n", {"0.3.0"}))) == 3


def test_sums_are_as_sha256sum_reads_them(tmp_path: Path) -> None:
    (tmp_path / "desk.whl").write_bytes(b"wheel")
    (tmp_path / "SHA256SUMS").write_text(release.checksums(tmp_path))
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path, check=True, capture_output=True)
    assert release.checksums(tmp_path) == (tmp_path / "SHA256SUMS").read_text()


def test_every_library_that_is_shipped_stands_with_its_licence() -> None:
    """Those of the lock that this Python needs are installed here."""
    names = sbom.shipped(sbom.LOCK.read_text())
    rows = [line.split(" | ") for line in sbom.PAGE.read_text().splitlines() if line.startswith("| ")][1:]
    listed = {name.removeprefix("| ") for name, _ in rows} - {"---"}
    installed = {sbom.plain(each.metadata["Name"]) for each in metadata.distributions()}
    assert listed <= names, "`make sbom` writes the page"
    assert names & installed <= listed, "`make sbom` writes the page"
    assert [name for name, text in rows if "not said" in text] == []


def test_a_bill_has_what_is_shipped_and_nothing_else() -> None:
    made = sbom.bill(
        {
            "metadata": {"component": {"bom-ref": "root"}},
            "components": [{"name": "Flask_Login", "bom-ref": "a"}, {"name": "pytest", "bom-ref": "b"}],
            "dependencies": [{"ref": "root", "dependsOn": ["a", "b"]}, {"ref": "b"}],
        },
        {"flask-login"},
    )
    assert [each["bom-ref"] for each in made["components"]] == ["a"]
    assert made["dependencies"] == [{"ref": "root", "dependsOn": ["a"]}]
    assert json.loads(json.dumps(made)) == made


def test_licences_are_said_once_and_by_their_short_names() -> None:
    classifier = {"license": {"name": "License :: OSI Approved :: MIT License"}}
    assert sbom.licence({"name": "x", "licenses": [{"license": {"id": "MIT"}}, classifier]}) == "MIT"
    assert sbom.licence({"name": "x", "licenses": [{"expression": "MIT OR Apache-2.0"}]}) == "MIT OR Apache-2.0"
    assert sbom.licence({"name": "x"}) == "not said"


def test_the_recipes_are_in_the_makefile() -> None:
    recipes = (ROOT / "Makefile").read_text()
    assert "tools/sbom.py" in recipes
    assert "tools/release.py" in recipes
