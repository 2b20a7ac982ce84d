"""Look for secrets in the history; exit 1 when one is found that nobody has looked at.

`make test` looks at the commits after the one that `tools/secrets_seen.toml` names, `make secrets` at all of them. What
was looked at and is none stands there too, by a hash. The scanner is Kingfisher with its own rules and those of
`tools/secret_rules.yml`; it asks nobody whether a secret works.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SEEN = ROOT / "tools/secrets_seen.toml"
RULES = ROOT / "tools/secret_rules.yml"
CACHE = ROOT / "var/secret-rules"
"""The rules in the form that the scanner compiles them to, which takes longer than the scan."""
NO_HISTORY = "There is no history here (.git): nothing was looked at."


@dataclass(frozen=True)
class Finding:
    """What looks like a secret; its text is kept nowhere but in the history."""

    rule: str
    digest: str
    path: str
    line: int
    commit: str

    def __str__(self) -> str:
        return f'{self.path}:{self.line} in {self.commit[:12]}: {self.rule}, hash = "{self.digest}"'


def has_history(root: Path = ROOT) -> bool:
    """Whether there is a repository at all: a tarball has none."""
    return (root / ".git").exists()


def scan(root: Path, since: str = "") -> list[Finding]:
    """What is found in the commits after `since`, or in all that the repository has. Raises RuntimeError.

    A commit that is no ancestor of what is checked out excludes nothing: then all are looked at.
    """
    with tempfile.TemporaryDirectory(prefix="desk-secrets-") as folder:
        copy, report = Path(folder, "history.git"), Path(folder, "report.json")
        # The folder itself would be read with all that lies in it: .venv and var.
        _run("git", "clone", "--quiet", "--bare", "--shared", str(root), str(copy))
        known = since and _is_ancestor(copy, since)
        bounds = ["--since-commit", since, "--branch", "HEAD"] if known else []
        if known and _run("git", "-C", str(copy), "rev-parse", "HEAD").strip() == since:
            return []
        kingfisher = str(Path(sys.executable).with_name("kingfisher"))
        rules = ["--rules-path", str(RULES), "--rule-cache-dir", str(CACHE), "--confidence", "low"]
        quiet = ["--no-validate", "--no-update-check", "--jobs", "1", "--format", "json", "--output", str(report)]
        _run(kingfisher, "scan", str(copy), *bounds, *rules, *quiet, fine=(0, 200))
        return _findings(json.loads(report.read_text()))


def _findings(report: Mapping[str, Any]) -> list[Finding]:
    if report["audit"]["summary"]["scan_succeeded"] != 1:
        raise RuntimeError(f"The scanner did not come to its end: {report['audit']['summary']}.")
    return [_finding(each["rule"]["id"], each["finding"]) for each in report["findings"]]


def _finding(rule: str, found: Mapping[str, Any]) -> Finding:
    digest = hashlib.sha256(f"{rule}:{found['snippet']}".encode()).hexdigest()[:32]
    commit = found.get("git_metadata", {}).get("commit", {}).get("id", "")
    return Finding(rule, digest, found["path"], found["line"], commit)


def _is_ancestor(repository: Path, commit: str) -> bool:
    asked = ["git", "-C", str(repository), "merge-base", "--is-ancestor", commit, "HEAD"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def _run(*command: str, fine: Iterable[int] = (0,)) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in fine:
        raise RuntimeError(f"{Path(command[0]).name} ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def seen() -> tuple[str, dict[str, str]]:
    """Up to which commit all was looked at, and why what was found is no secret, by hash."""
    kept = tomllib.loads(SEEN.read_text())
    return kept["looked_at_up_to"], {each["hash"]: each["reason"] for each in kept.get("seen", [])}


def unseen(findings: Iterable[Finding], known: Mapping[str, str]) -> list[Finding]:
    """What nobody has looked at."""
    return [finding for finding in findings if finding.digest not in known]


def main() -> int:
    """Exit 1 when something is found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="look at every commit of every branch")
    whole = parser.parse_args().all
    if not has_history():
        print(NO_HISTORY)
        return 0
    up_to, known = seen()
    found = unseen(scan(ROOT, "" if whole else up_to), known)
    for finding in found:
        print(finding)
    print(
        f"{len(found)} to look at. A secret is replaced where it works, first of all; what is none goes to {SEEN.name}."
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
