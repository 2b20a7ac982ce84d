"""Compare the locked libraries with known vulnerabilities; exit 1 when one is affected and nobody said why it may stay.

What is known is a snapshot that is kept in `tools/advisories.json`: of the advisories of the Python Packaging Authority
those of packages in `requirements.lock`. `make advisories DATABASE=…` writes it anew from a clone of
https://github.com/pypa/advisory-database. Nothing is fetched here, so that the same commit always gets the same answer;
how old the snapshot is, is said each time.
"""

import argparse
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).parents[1]
SNAPSHOT = ROOT / "tools/advisories.json"
ACCEPTED = ROOT / "tools/advisories_accepted.toml"
LOCK = ROOT / "requirements.lock"
SOURCE = "https://github.com/pypa/advisory-database"
OLD_AFTER_DAYS = 30
"""From when on it is said that the snapshot is old. It never fails for that: a commit would be right one day, and wrong
the next."""

Advisory = dict[str, Any]


def locked(text: str) -> dict[str, str]:
    """The version of each package in a lock file."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def affects(advisory: Advisory, version: str) -> bool:
    """Whether a version is named, or lies in one of the ranges, as the OSV format defines it."""
    if version in advisory["versions"]:
        return True
    here = Version(version)
    return any(_in_range(events, here) for events in advisory["ranges"])


def _in_range(events: Sequence[Mapping[str, str]], here: Version) -> bool:
    inside = False
    for event in sorted(events, key=_when):
        ((kind, bound),) = event.items()
        if kind == "introduced":
            inside = inside or here >= Version(bound)
        elif (kind == "fixed" and here >= Version(bound)) or (kind == "last_affected" and here > Version(bound)):
            inside = False
    return inside


def _when(event: Mapping[str, str]) -> tuple[Version, bool]:
    """Events by version; at one version what is mended there comes before what begins there."""
    ((kind, bound),) = event.items()
    return Version(bound), kind == "introduced"


def affected(snapshot: Mapping[str, Any], versions: Mapping[str, str], accepted: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each locked version that an advisory affects, unless it is accepted with a reason and a date."""
    for advisory in snapshot["advisories"]:
        version = versions.get(advisory["package"])
        if version is not None and affects(advisory, version) and advisory["id"] not in accepted:
            names = ", ".join([advisory["id"], *advisory["aliases"]])
            yield f"{advisory['package']} {version} is affected by {names}"


def unsupported(snapshot: Mapping[str, Any], versions: Mapping[str, str], accepted: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each accepted advisory that lacks a reason or a date, or affects nothing that is locked."""
    there = {each["id"]: each for each in snapshot["advisories"]}
    for name, entry in accepted.items():
        if not str(entry.get("reason", "")).strip() or not isinstance(entry.get("date"), date):
            yield f"{name} is accepted without a reason or without a date."
        advisory = there.get(name)
        if advisory is None or not affects(advisory, versions.get(advisory["package"], "0")):
            yield f"{name} affects nothing that is locked: take it out of {ACCEPTED.name}."


def unknown(snapshot: Mapping[str, Any], versions: Mapping[str, str]) -> set[str]:
    """Locked packages that the snapshot was not asked about, because they came later."""
    return set(versions) - set(snapshot["packages"])


def age(snapshot: Mapping[str, Any], today: date) -> str:
    """How old the snapshot is, as a sentence."""
    taken = date.fromisoformat(snapshot["date"])
    days = (today - taken).days
    old = " That is old: later advisories are not known here." if days > OLD_AFTER_DAYS else ""
    return f"Advisories of {taken.isoformat()}, {days} days old.{old}"


def compact(entries: Sequence[Mapping[str, Any]], packages: set[str]) -> list[Advisory]:
    """What is kept of the database's entries: those of these packages that were not withdrawn."""
    kept = []
    for entry in entries:
        for part in [] if entry.get("withdrawn") else entry["affected"]:
            package = canonicalize_name(part["package"]["name"])
            if package in packages and part["package"]["ecosystem"] == "PyPI":
                kept.append(_kept(entry, part, package))
    return sorted(kept, key=lambda each: (each["package"], each["id"]))


def _kept(entry: Mapping[str, Any], part: Mapping[str, Any], package: str) -> Advisory:
    ranges = [each["events"] for each in part.get("ranges", []) if each["type"] == "ECOSYSTEM"]
    advisory = {"id": entry["id"], "package": package, "aliases": sorted(entry.get("aliases", []))}
    advisory |= {"ranges": ranges, "versions": []}
    listed = [str(each) for each in part.get("versions", [])]
    advisory["versions"] = [each for each in listed if not _readable(each) or not affects(advisory, each)]
    return advisory


def _readable(version: str) -> bool:
    try:
        Version(version)
    except InvalidVersion:
        return False
    return True


def read_database(repository: Path, packages: set[str]) -> tuple[list[dict[str, Any]], str, str]:
    """The entries of these packages in a clone of the database (bare will do), its commit and that commit's day."""
    import yaml

    def git(*arguments: str) -> str:
        return subprocess.run(["git", "-C", repository, *arguments], check=True, capture_output=True, text=True).stdout

    commit, seconds = git("log", "-1", "--format=%H %ct").split()
    paths = git("ls-tree", "-r", "--name-only", "HEAD", "vulns/").splitlines()
    chosen = [path for path in paths if canonicalize_name(Path(path).parent.name) in packages]
    entries = [yaml.load(git("show", f"HEAD:{path}"), Loader=yaml.CSafeLoader) for path in chosen]
    return entries, commit, datetime.fromtimestamp(int(seconds), UTC).date().isoformat()


def write(repository: Path) -> None:
    """Keep the snapshot anew, for what is locked now."""
    packages = set(locked(LOCK.read_text()))
    entries, commit, day = read_database(repository, packages)
    head = {"source": SOURCE, "commit": commit, "date": day, "packages": sorted(packages)}
    rows = ",\n  ".join(json.dumps(each, ensure_ascii=False) for each in compact(entries, packages))
    start = json.dumps(head, indent=1)[:-2]
    SNAPSHOT.write_text(f'{start},\n "advisories": [\n  {rows}\n ]\n}}\n')


def main() -> int:
    """Exit 1 when a locked library is affected."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--write", type=Path, metavar="CLONE", help="keep the snapshot anew from a clone of the database"
    )
    clone = parser.parse_args().write
    if clone:
        write(clone)
    snapshot, accepted = json.loads(SNAPSHOT.read_text()), tomllib.loads(ACCEPTED.read_text())
    versions = locked(LOCK.read_text())
    print(age(snapshot, datetime.now(UTC).date()))
    if new := unknown(snapshot, versions):
        print(f"Not looked up, for they were locked later: {', '.join(sorted(new))}.")
    problems = [*affected(snapshot, versions, accepted), *unsupported(snapshot, versions, accepted)]
    print(*problems, sep="\n", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
