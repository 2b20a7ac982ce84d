"""The release before this one, out of the repository's history, to be run beside it with the same libraries."""

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from soak.setting_up import Accounts

PREVIOUS = "4aa01e31c2a958d00711173ba9f95bdc97af1ebb"
"""The last commit of the oldest release whose processes may run beside this one (`OLD` of tests/faults/test_deploys.py
is its newest migration). It moves on with each release."""
_ROOT = Path(__file__).resolve().parent.parent
_SET_UP = """import json, os, sys
from soak.setting_up import set_up
made = set_up(sys.argv[1], os.environ["SECRET_KEY"], json.load(sys.stdin))
print(json.dumps({"tokens": made.tokens, "people": made.people}))
"""
THIS_ONE = {"PYTHONPATH": os.environ.get("PYTHONPATH", ""), "PYTHONSAFEPATH": ""}
"""Environment of a process of this release that was one of another."""


class NoSuchRelease(Exception):
    """The repository's history has no such commit: it was fetched without its history, or is none."""


@dataclass(frozen=True)
class Release:
    """The code of a release, in a folder of its own."""

    folder: Path

    def environment(self) -> dict[str, str]:
        """What lets Python take its code, wherever a process is started."""
        return {"PYTHONPATH": str(self.folder), "PYTHONSAFEPATH": "1"}

    def set_up(self, database: str, secret: str, settings: Mapping[str, str]) -> Accounts:
        """Make its tables in an empty database, its people, tokens and plans: as `setting_up.set_up`, by its own code.

        Raises CalledProcessError.
        """
        done = subprocess.run(
            [sys.executable, "-c", _SET_UP, database],
            input=json.dumps(dict(settings)),
            env=os.environ | self.environment() | {"SECRET_KEY": secret},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        made = json.loads(done.stdout.splitlines()[-1])
        return Accounts(made["tokens"], {role: (email, password) for role, (email, password) in made["people"].items()})


def unpack(commit: str, folder: Path) -> Release:
    """Put a commit's files into a folder. Raises NoSuchRelease."""
    found = subprocess.run(["git", "archive", "--format=tar", commit], cwd=_ROOT, capture_output=True, check=False)
    if found.returncode:
        raise NoSuchRelease(found.stderr.decode().strip())
    with tarfile.open(fileobj=BytesIO(found.stdout)) as files:
        files.extractall(folder, filter="data")
    folder.chmod(0o755)
    return Release(folder)
