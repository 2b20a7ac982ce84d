"""Secrets in the history are found, until somebody has looked at them."""

import subprocess
from pathlib import Path

import pytest
import scan_secrets

MAKEFILE = (scan_secrets.ROOT / "Makefile").read_text()
KEY = "FLWSECK-" + "8f3a9c1e7b2d4f60" * 2
"""Put together here, so that it is in no file."""


def _git(folder: Path, *arguments: str) -> str:
    name = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.com"]
    done = subprocess.run(["git", "-C", folder, *name, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _commit(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    _git(folder, "add", ".")
    _git(folder, "commit", "-qm", name)
    return _git(folder, "rev-parse", "HEAD")


def test_a_secret_is_found_where_it_was_once_and_only_after_the_commit_that_is_named(tmp_path: Path) -> None:
    _git(tmp_path, "init", "-q")
    _commit(tmp_path, "settings.py", f'KEY = "{KEY}"\n')
    removed = _commit(tmp_path, "settings.py", "KEY = None\n")
    last = _commit(tmp_path, "readme", "Nothing.\n")
    (found,) = scan_secrets.scan(tmp_path)
    assert (found.rule, found.path, found.line) == ("desk.flutterwave", "settings.py", 1)
    assert KEY not in str(found)
    assert scan_secrets.unseen([found], {found.digest: "Put together by a test."}) == []
    assert scan_secrets.scan(tmp_path, removed) == scan_secrets.scan(tmp_path, last) == []
    assert scan_secrets.scan(tmp_path, "0" * 40) == [found], "what is no ancestor excludes nothing"


def test_what_cannot_be_looked_at_is_no_clean_history(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="git ended with"):
        scan_secrets.scan(tmp_path / "nowhere")


def test_a_tarball_is_said_to_have_no_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not scan_secrets.has_history(tmp_path)
    monkeypatch.setattr(scan_secrets, "has_history", lambda: False)
    monkeypatch.setattr("sys.argv", ["scan_secrets.py"])
    assert scan_secrets.main() == 0
    assert scan_secrets.NO_HISTORY in capsys.readouterr().out


def test_each_that_was_looked_at_has_a_reason() -> None:
    up_to, known = scan_secrets.seen()
    assert len(up_to) == 40
    assert all(reason.strip() for reason in known.values())


def test_make_check_looks_for_secrets_and_make_test_starts_with_it() -> None:
    recipe = MAKEFILE.split("\ncheck: ", 1)[1].split("\n\n", 1)[0]
    assert " tools/scan_secrets.py &&" in recipe
    assert "\ntest: check " in MAKEFILE
