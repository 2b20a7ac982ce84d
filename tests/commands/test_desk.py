"""The `desk` command: what it prints, its exit codes, and that no expected failure is a traceback."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import pytest
from click.testing import CliRunner, Result

from tests.conftest import SECRET
from tests.services.retention.old_rows import fill
from tests.support.copies import become_a_copy
from tests.support.filled import Filled
from tests.support.paths import ROOT
from webapp import clock
from webapp.cli import main
from webapp.commands.shared import operator
from webapp.runtime import Runtime, build_runtime
from webapp.services.parties import parties
from webapp.services.parties.parties import NewParty
from webapp.settings import load_settings


class Desk(Protocol):
    """Calls the command with these words, and this on its standard input."""

    def __call__(self, *words: str, input: str | bytes | None = None) -> Result: ...


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "VAR_DIR": str(tmp_path / "var"),
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "DESK_ENV": "test",
    }.items():
        monkeypatch.setenv(name, value)
    runner = CliRunner()

    def call(*words: str, input: str | bytes | None = None) -> Result:
        return runner.invoke(main, list(words), input=input)

    return call


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a desk after `desk migrate`."""
    folder = tmp_path_factory.mktemp("kept") / "var"
    environment = {"VAR_DIR": str(folder), "DATABASE_URL": "", "REDIS_URL": "", "DESK_ENV": "test"}
    assert CliRunner().invoke(main, ["migrate"], env=environment).exit_code == 0
    return folder


@pytest.fixture
def migrated(desk: Desk, kept: Path, tmp_path: Path) -> Desk:
    """The command in a folder where it has migrated the database."""
    shutil.copytree(kept, tmp_path / "var")
    return desk


def test_a_database_that_was_never_migrated_is_told_how(desk: Desk) -> None:
    result = desk("jobs")
    assert result.exit_code == 1
    assert "The database is empty, or has none of the desk's tables" in result.stderr
    assert result.stderr.endswith("Run `desk migrate`.\n")


def test_a_database_that_is_not_there_is_one_sentence(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    result = desk("jobs")
    assert result.exit_code == 1
    assert result.stderr.startswith("The database can't be used (")
    assert "Traceback" not in result.output


def test_it_says_which_version_it_is_whatever_is_set(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "nonsense")
    assert desk("--version").stdout == f"desk, version {version('escrow-desk')}\n"


def test_every_wrong_setting_is_named_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_ENV", "production")
    result = desk("jobs")
    assert result.exit_code == 2
    assert all(name in result.stderr for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL"))


def test_an_import_prints_its_counts_for_machines(migrated: Desk, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("order_ref,buyer_ref,seller_ref,amount,currency,paid_at\no-1,ama,kofi,5,NGN,2026-01-01\n")

    first, second = migrated("import", "orders", str(file), "--json"), migrated("import", "orders", str(file), "--json")

    assert json.loads(first.stdout) == {"lines": 1, "imported": 1, "unchanged": 0, "rejected": 0}
    assert json.loads(second.stdout) == {"lines": 1, "imported": 0, "unchanged": 1, "rejected": 0}
    assert (first.exit_code, second.exit_code) == (0, 0)


def test_an_import_names_each_bad_line_and_loads_nothing(migrated: Desk, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("order_ref,buyer_ref,seller_ref,amount,currency\no-1,ama,kofi,5,NGN\no-2,ama,kofi,-5,NGN\n")

    result = migrated("import", "orders", str(file), "--json")

    assert result.exit_code == 2
    assert json.loads(result.stdout) == {"lines": 2, "imported": 0, "unchanged": 0, "rejected": 1}
    assert "Line 3: amount '-5' is negative." in result.stderr


def test_a_wrong_header_is_a_usage_error(migrated: Desk, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("order,buyer_ref,seller_ref,amount,currency\n")
    result = migrated("import", "orders", str(file))
    assert result.exit_code == 2
    assert "unknown column 'order'" in result.stderr


def test_a_run_is_printed_as_the_api_gives_it(migrated: Desk) -> None:
    result = migrated("run", "auto_release", "--json")
    run = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (run["job"], run["status"], run["dry_run"]) == ("auto_release", "succeeded", False)


def test_a_cluster_s_clock_is_told_that_its_slot_needs_no_run(migrated: Desk) -> None:
    """A desk that was just made has no slot that is due."""
    result = migrated("run", "auto_release", "--due", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (0, None)
    assert "has no slot that is due and has not had its run: nothing was done." in result.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("run", "no_such_job"), "There is no job named 'no_such_job'."),
        (("run", "auto_release", "--at", "tomorrow"), "--at 'tomorrow' is not a time with a zone"),
        (("run", "auto_release", "--at", "2199-01-01T00:00:00Z"), "Only a dry run can look at the future."),
        (
            ("run", "auto_release", "--due", "--dry-run"),
            "--due takes the slot that is due: leave --at and --dry-run out.",
        ),
    ],
)
def test_a_run_that_can_not_be_is_explained(migrated: Desk, words: tuple[str, ...], sentence: str) -> None:
    result = migrated(*words)
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_a_token_is_printed_once_for_machines(migrated: Desk) -> None:
    result = migrated("token", "add", "--name", "cron", "--scope", "jobs", "--json")
    assert json.loads(result.stdout)["token"].startswith("desk_")


def test_a_user_is_added_disabled_and_reset(migrated: Desk) -> None:
    added = migrated(
        "user", "add", "amina@example.org", "--role", "agent", "--password-stdin", input="a long enough phrase\n"
    )
    assert (added.exit_code, added.stdout) == (0, "amina@example.org may sign in as agent.\n")
    assert migrated("user", "disable", "amina@example.org", "--json").exit_code == 0
    assert "Password, shown this once: " in migrated("user", "reset", "amina@example.org").stdout
    missing = migrated("user", "disable", "nobody@example.org")
    assert (missing.exit_code, missing.stderr) == (1, "There is no user nobody@example.org.\n")


def test_the_doctor_says_what_to_do(migrated: Desk) -> None:
    result = migrated("doctor", "--json")
    found = {each["check"]: each for each in json.loads(result.stdout)}
    assert result.exit_code == 1
    assert found["redis"]["verdict"] == "wrong"
    assert "desk up" in found["redis"]["do"]
    assert all(found[name]["verdict"] == "ok" for name in ("settings", "database", "migrations", "clock"))


def test_what_would_be_paid_next_is_shown(migrated: Desk) -> None:
    found = json.loads(migrated("eligible", "--json").stdout)
    releases = ["auto_release", "release_completed_orders", "release_pending_earnings", "release_placement_holds"]
    assert [each["job"] for each in found] == [*releases, "auto_deduct", "process_payout_schedules"]


def test_pending_earnings_are_released_by_a_command_of_their_own(migrated: Desk) -> None:
    result = migrated("release-pending-payments", "--json")
    run = json.loads(result.stdout)
    assert (result.exit_code, run["job"], run["status"]) == (0, "release_pending_earnings", "succeeded")
    assert json.loads(migrated("release-pending-payments", "--dry-run", "--json").stdout)["dry_run"] is True


@pytest.mark.long
def test_the_demo_is_seeded_verified_run_and_cleared(migrated: Desk) -> None:
    assert json.loads(migrated("demo", "seed", "--json").stdout) == {"seeded": True}
    assert "viewer@demo.example" in migrated("demo", "seed").stdout
    assert migrated("ledger", "verify").stdout.startswith("The desk's own book agrees with itself.\n")
    assert json.loads(migrated("audit", "verify", "--json").stdout)["ok"]
    eligible = {each["job"]: each for each in json.loads(migrated("eligible", "--json").stdout)}
    assert eligible["auto_release"]["count"] > 0
    assert eligible["auto_deduct"]["count"] > 0
    run = json.loads(migrated("run", "auto_deduct", "--json").stdout)
    assert (run["status"], run["skipped"]) == ("succeeded", 2)
    states = {job["job"]: job["state"] for job in json.loads(migrated("jobs", "--json").stdout)}
    assert set(states.values()) == {"on_time"}
    assert json.loads(migrated("demo", "clear", "--json").stdout)["removed"] > 1_000
    assert migrated("ledger", "verify").exit_code == 0
    assert migrated("audit", "verify").exit_code == 0


def test_books_that_do_not_agree_are_named(
    desk: Desk, sqlite_filled: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", SECRET)
    sqlite_filled.copy_files(tmp_path / "var")
    with sqlite3.connect(tmp_path / "var" / "desk.sqlite3") as database:
        database.execute("UPDATE account SET balance = balance + 1 WHERE kind = 'fees' AND currency = 'KES'")
        database.execute("UPDATE audit_head SET seq = seq + 1 WHERE chain = 'demo'")
    books, trail = desk("ledger", "verify"), desk("audit", "verify", "--json")
    assert (books.exit_code, trail.exit_code) == (1, 1)
    assert "(fees) says" in books.stdout
    assert "its end was cut off" in trail.stdout


def test_a_party_is_exported_to_a_private_file_and_forgotten(migrated: Desk, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("order_ref,buyer_ref,seller_ref,amount,currency\no-1,p-1,p-2,5.00,NGN\n")
    migrated("import", "orders", str(file))
    out = tmp_path / "p-1.json"
    assert migrated("party", "export", "p-1", "--output", str(out)).exit_code == 0
    assert json.loads(out.read_text())["orders"][0]["ref"] == "o-1"
    assert out.stat().st_mode & 0o077 == 0
    assert json.loads(migrated("party", "export", "p-1").stdout)["party"]["ref"] == "p-1"
    refused = migrated("party", "forget", "p-1", "--reason", "Asked.", "--confirm", "p-1")
    assert refused.exit_code == 1
    assert "p-1 can't be forgotten yet. Money is held, or to be paid, in escrow" in refused.stderr


def test_a_dry_run_of_forgetting_replaces_nothing(migrated: Desk, tmp_path: Path) -> None:
    with desk_runtime().db.transaction() as session:
        parties.create(session, NewParty("p-1", "Imani Zuri", "imani@mail.example"), at=clock.now(), actor=operator())
    dry = migrated("party", "forget", "p-1", "--reason", "Asked.", "--dry-run")
    assert dry.stdout == "Would be replaced, with the party's own fields: 1 audit records.\n"
    unsure = migrated("party", "forget", "p-1", "--reason", "Asked.")
    assert (unsure.exit_code, unsure.stderr) == (2, "This can't be undone. Confirm it: --confirm p-1\n")
    assert json.loads(migrated("party", "export", "p-1").stdout)["party"]["name"] == "Imani Zuri"
    done = migrated("party", "forget", "p-1", "--reason", "Asked.", "--confirm", "p-1", "--json")
    assert json.loads(done.stdout) == {"ref": "p-1", "dry_run": False, "replaced": {"audit records": 1}}
    assert migrated("party", "forget", "p-1", "--reason", "Asked.", "--confirm", "p-1").stdout.startswith(
        "p-1 is forgo"
    )
    assert migrated("audit", "verify").exit_code == 0
    assert migrated("ledger", "verify").exit_code == 0


def desk_runtime() -> Runtime:
    return build_runtime(load_settings())


def test_archives_are_listed_and_read_back(migrated: Desk) -> None:
    assert migrated("archive", "list").stdout == "Nothing was archived yet.\n"
    with desk_runtime().db.transaction() as session:
        fill(session, desk_runtime(), clock.now())
    assert migrated("run", "clean_up_data", "--json").exit_code == 0
    found = {each["kind"]: each for each in json.loads(migrated("archive", "list", "--json").stdout)}
    assert found["events"]["rows"] == 1
    shown = migrated("archive", "show", found["events"]["file"])
    assert json.loads(shown.stdout)["type"] == "party.created"
    assert migrated("archive", "show", "events-none").exit_code == 1


def test_which_one_is_the_original_is_seen_and_confirmed(migrated: Desk, tmp_path: Path) -> None:
    desk = build_runtime(load_settings())
    become_a_copy(desk)
    desk.db.close()
    shown = migrated("instance", "show")
    assert (shown.exit_code, "it was restored, copied or moved" in shown.stdout) == (1, True)
    assert migrated("run", "watch").exit_code == 1
    assert migrated("instance", "confirm").exit_code == 2
    assert migrated("instance", "confirm", "--reason", "The other one is gone.").exit_code == 0
    assert migrated("instance", "show", "--json").stdout == '{"ok": true, "problem": ""}\n'
    again = migrated("instance", "confirm", "--reason", "Once more.")
    assert (again.exit_code, "nothing to confirm" in again.stderr) == (1, True)


@pytest.fixture
def zoe(migrated: Desk) -> None:
    """A party whose name has letters beyond ASCII."""
    desk = build_runtime(load_settings())
    with desk.db.transaction() as session:
        parties.create(session, NewParty("zoe", "Zoë Łęcka"), at=clock.now(), actor=operator())
    desk.db.close()


def test_the_c_locale_is_silent_and_keeps_names(zoe: None, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
    words = [sys.executable, "-m", "webapp.cli", "party", "export", "zoe"]
    run = subprocess.run(words, env=environment | {"LC_ALL": "C", "PYTHONPATH": str(ROOT)}, capture_output=True)
    assert run.stderr == b""
    assert "Zoë Łęcka" in run.stdout.decode("utf-8")


def test_a_terminal_of_latin_1_shows_what_it_can(zoe: None) -> None:
    exported = CliRunner(charset="latin-1").invoke(main, ["party", "export", "zoe"])
    assert json.loads(exported.stdout)["party"]["name"] == "Zoë Łęcka"
    desk = build_runtime(load_settings())
    become_a_copy(desk)
    desk.db.close()
    found = CliRunner(charset="latin-1").invoke(main, ["doctor"])
    assert "`desk instance confirm --reason \\u2026`" in found.stdout
