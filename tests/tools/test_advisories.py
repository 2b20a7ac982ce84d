"""Locked libraries are compared with known vulnerabilities, by a snapshot that is kept."""

import json
import subprocess
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import advisories
import pytest

ADVISORY = {"id": "PYSEC-1", "package": "oven", "aliases": ["CVE-1"], "versions": ["0.1rc9"]}


def _advisory(*events: dict[str, str]) -> dict[str, Any]:
    return ADVISORY | {"ranges": [list(events)]}


SINCE_ONE = _advisory({"introduced": "1.0"}, {"fixed": "1.4"}, {"introduced": "2.0"}, {"last_affected": "2.10"})


def _kept() -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    versions = advisories.locked(advisories.LOCK.read_text())
    return (
        json.loads(advisories.SNAPSHOT.read_text()),
        tomllib.loads(advisories.ACCEPTED.read_text()),
        versions,
    )


def test_no_locked_library_has_a_known_vulnerability() -> None:
    snapshot, accepted, versions = _kept()
    assert len(snapshot["advisories"]) > 100
    assert list(advisories.affected(snapshot, versions, accepted)) == []
    assert list(advisories.unsupported(snapshot, versions, accepted)) == []


def test_what_is_locked_was_looked_up() -> None:
    snapshot, _, versions = _kept()
    assert advisories.unknown(snapshot, versions) == set(), "`make advisories DATABASE=…` looks them up"


@pytest.mark.parametrize(
    ("version", "is_affected"),
    [
        ("0.9", False),
        ("1.0rc1", False),
        ("1.0", True),
        ("1.3.9", True),
        ("1.4", False),
        ("2.0", True),
        ("2.9", True),
        ("2.10", True),
        ("2.10.1", False),
        ("0.1rc9", True),
    ],
)
def test_a_version_is_affected_within_the_ranges_and_where_it_is_named(version: str, is_affected: bool) -> None:
    assert advisories.affects(SINCE_ONE, version) is is_affected


def test_without_a_fix_every_later_version_is_affected() -> None:
    assert advisories.affects(_advisory({"introduced": "0"}), "99")


def test_what_is_affected_is_named_until_it_is_accepted_with_a_reason_and_a_date() -> None:
    snapshot, versions = {"advisories": [SINCE_ONE]}, {"oven": "1.2"}
    assert list(advisories.affected(snapshot, versions, {})) == [
        "oven 1.2 is affected by PYSEC-1, CVE-1",
    ]
    accepted = {"PYSEC-1": {"reason": "We bake nothing.", "date": date(2026, 11, 27)}}
    assert list(advisories.affected(snapshot, versions, accepted)) == []
    assert list(advisories.unsupported(snapshot, versions, accepted)) == []
    assert len(list(advisories.unsupported(snapshot, versions, {"PYSEC-1": {"reason": " "}}))) == 1
    assert len(list(advisories.unsupported(snapshot, {"oven": "3"}, accepted))) == 1


def test_the_age_of_the_snapshot_is_said_and_is_no_failure() -> None:
    snapshot = {"date": "2026-01-01"}
    assert advisories.age(snapshot, date(2026, 1, 11)) == "Advisories of 2026-01-01, 10 days old."
    assert "That is old" in advisories.age(snapshot, date(2027, 1, 1))


def test_the_snapshot_is_made_from_a_clone_of_the_database(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        name = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.com"]
        subprocess.run(["git", "-C", str(tmp_path), *name, *arguments], check=True, capture_output=True)

    entry = {"id": "PYSEC-1", "aliases": ["CVE-1"], "details": "It burns."}
    part: dict[str, Any] = {"package": {"name": "Oven", "ecosystem": "PyPI"}, "versions": ["1.1", "0.1rc9", "odd"]}
    part["ranges"] = [
        {"type": "GIT", "events": [{"introduced": "abc"}]},
        {"type": "ECOSYSTEM", "events": [{"introduced": "1.0"}, {"fixed": "1.4"}]},
    ]
    (tmp_path / "vulns/oven").mkdir(parents=True)
    for number, extra in enumerate([{}, {"withdrawn": "2026-01-01T00:00:00Z"}]):
        text = json.dumps(entry | extra | {"affected": [part]})
        (tmp_path / f"vulns/oven/PYSEC-{number}.yaml").write_text(text)
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "Advisories")
    entries, commit, day = advisories.read_database(tmp_path, {"oven"})
    assert len(commit) == 40
    assert date.fromisoformat(day) >= date(2026, 1, 1)
    expected = _advisory({"introduced": "1.0"}, {"fixed": "1.4"}) | {"versions": ["0.1rc9", "odd"]}
    assert advisories.compact(entries, {"oven"}) == [expected]
