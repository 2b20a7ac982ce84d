"""What a release is made of, in dist/: sdist, wheel, bill of materials, checksums; and whether it may be made.

`make release` refuses a tree that is not committed, a version that is tagged already and one whose section of
CHANGELOG.md is unreleased. `make release DRAFT=1` builds all the same, to be looked at. It tags and publishes nothing.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
_SUMS = "SHA256SUMS"


def problems(version: str, changelog: str, changed: str, tags: set[str]) -> Iterator[str]:
    """What stands in the way, each with what to do."""
    newest = re.search(r"^## (\S+), (.+)$", changelog, re.M)
    if newest is None or newest[1] != version:
        yield f"The newest section of CHANGELOG.md is not {version}'s, as in pyproject.toml."
    elif not re.fullmatch(r"\d{4}-\d\d-\d\d", newest[2]):
        yield f"CHANGELOG.md says of {version}: {newest[2]}. Put the day there."
    if changed:
        yield f"Commit first: {len(changed.splitlines())} files are changed."
    if version in tags:
        yield f"{version} is tagged already: take the next version."


def notes(changelog: str) -> str:
    """The newest section, as the release's own text."""
    return re.split(r"^## ", changelog, flags=re.M)[1].partition("\n")[2].strip() + "\n"


def checksums(folder: Path) -> str:
    """A line for each file, as `sha256sum --check` reads it."""
    files = sorted(each for each in folder.iterdir() if each.is_file() and each.name != _SUMS)
    return "".join(f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n" for each in files)


def _build() -> None:
    """Sdist and wheel as pip would make them, dated as the commit: built twice, they are the same."""
    shutil.rmtree(DIST, ignore_errors=True)
    shutil.rmtree(ROOT / "build", ignore_errors=True)
    dated = _git("log", "-1", "--format=%ct").strip()
    hooks = "from setuptools import build_meta as b; b.build_sdist('dist'); b.build_wheel('dist')"
    around = os.environ | {"SOURCE_DATE_EPOCH": dated}
    subprocess.run([sys.executable, "-c", hooks], cwd=ROOT, env=around, check=True, capture_output=True)
    shutil.rmtree(ROOT / "build", ignore_errors=True)


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def main() -> None:
    """Refuse, or build."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--draft", action="store_true")
    draft = parser.parse_args().draft
    changelog = (ROOT / "CHANGELOG.md").read_text()
    version = str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])
    found = list(problems(version, changelog, _git("status", "--porcelain"), set(_git("tag").split())))
    print("\n".join(found), file=sys.stderr)
    if found and not draft:
        sys.exit(1)
    _build()
    subprocess.run([sys.executable, str(ROOT / "tools" / "sbom.py")], check=True, cwd=ROOT)
    (DIST / "NOTES.md").write_text(notes(changelog))
    (DIST / _SUMS).write_text(checksums(DIST))
    print((DIST / _SUMS).read_text())


if __name__ == "__main__":
    main()
