"""`desk settings` explains each setting and says where its value comes from; docs/settings.md comes from the same."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.support.paths import ROOT
from webapp.cli import main
from webapp.providers import catalogue
from webapp.settings import KEY_FILE, SANDBOX_FILE, Settings
from webapp.settings_parts.explained import SettingExplanation, explained
from webapp.settings_parts.secret_files import SettingsWithFiles

KEY = "a-key-that-nobody-may-see-of-32-letters"
COUNTED = {
    "port",
    "database_standbys",
    "trusted_proxies",
    "backup_keep",
    "provider_parallel_calls",
    "flutterwave_payer_attempts",
}
"""Numbers that only count: they have no unit."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command is called; nothing is set but the folder for data, in it."""
    monkeypatch.chdir(tmp_path)
    for each in every():
        for name in (each.variable, each.file_variable):
            monkeypatch.delenv(name or each.variable, raising=False)
    monkeypatch.setenv("VAR_DIR", "var")
    (tmp_path / "var").mkdir()
    return tmp_path


def every() -> list[SettingExplanation]:
    kinds: list[type[SettingsWithFiles]] = [Settings]
    kinds += [each.settings for each in catalogue.every() if each.settings is not None]
    return [one for kind in kinds for one in explained(kind)]


def call(*words: str) -> Result:
    return CliRunner().invoke(main, ["settings", *words])


def row_of(name: str) -> dict[str, Any]:
    """What `--json` says of one setting."""
    found: list[dict[str, Any]] = json.loads(call("--json", name).stdout)
    return next(each for each in found if each["name"] == name)


def source(name: str) -> tuple[bool, str, str]:
    found = row_of(name)
    return found["is_set"], found["source"], found["where"]


def test_every_setting_has_a_meaning_and_every_measure_its_unit() -> None:
    assert {each.field for each in every()} >= set(Settings.model_fields)
    assert [each.variable for each in every() if not each.meaning or each.meaning.endswith(".")] == []
    numbers = {
        each for each in every() if "number" in each.allowed and each.allowed.startswith(("a whole", "a number,"))
    }
    assert {each.field for each in numbers if not each.unit} == COUNTED


def test_the_page_of_settings_is_what_they_say_of_themselves() -> None:
    tables = call("--markdown").stdout.strip()
    assert tables.count("\n| `") == len(every())
    assert tables in (ROOT / "docs" / "settings.md").read_text(), "docs/settings.md: paste `desk settings --markdown`"


def test_secrets_are_masked_and_everything_else_is_explained(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", KEY)
    monkeypatch.setenv("BACKUP_SOURCE_URL", "postgresql://desk:hidden-word@db/desk")
    monkeypatch.setenv("REDIS_URL", "redis://:hidden-word@cache:6379/0")
    for found in (call(), call("--json"), call("--markdown")):
        assert found.exit_code == 0
        assert not any(hidden in found.output for hidden in (KEY, "hidden-word"))
    assert row_of("SECRET_KEY")["value"] == "***"
    assert row_of("AUTO_DEDUCT_MINIMUM_BALANCE")["value"] == "RWF=10000"
    words = call("release_days").stdout.splitlines()
    assert words[2:] == [
        "ESCROW_AUTO_RELEASE_DAYS=7",
        "    Days from an order's creation to its escrow's release.",
        "    Allowed: a whole number from 0 to 3650 (days). Default: `7`.",
        "    Not set.",
        "",
    ]


def test_each_value_says_where_it_comes_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUFFER_DAYS", "9")
    (folder / ".env").write_text("BUFFER_DAYS=8\nPORT=9000\nDESK_ENV=test\nSMTP_URL_FILE=smtp\n")
    (folder / "smtp").write_text("smtp://desk:hidden-word@mail")
    (folder / "var" / KEY_FILE).write_text(KEY)
    (folder / "var" / SANDBOX_FILE).write_text(json.dumps({"paystack_secret_key": KEY}))

    assert source("BUFFER_DAYS") == (True, "environment", "Set in the environment.")
    assert source("PORT") == (True, ".env", "Set in `.env`.")
    assert source("DESK_ENV") == (True, ".env", "Set in `.env`.")
    of_file = "Read from the file smtp, which SMTP_URL_FILE names in `.env`."
    assert source("SMTP_URL") == (True, "file", of_file)
    assert source("SECRET_KEY") == (False, "desk up", f"Not set; `desk up` left it in var/{KEY_FILE}.")
    of_sandbox = f"Not set; `desk up` left it in var/{SANDBOX_FILE}."
    assert source("PAYSTACK_SECRET_KEY") == (False, "desk up", of_sandbox)
    assert source("CLAIM_COOLDOWN_HOURS") == (False, "default", "Not set.")
    assert "hidden-word" not in call("smtp").output


def test_words_find_settings_and_set_leaves_out_the_others(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUFFER_DAYS", "9")
    names = [each["name"] for each in json.loads(call("--json", "flutterwave", "KEY").stdout)]
    assert names == ["FLUTTERWAVE_SECRET_KEY"]
    assert [each["name"] for each in json.loads(call("--json", "--set").stdout)] == ["VAR_DIR", "BUFFER_DAYS"]
    nothing = call("no-such-word")
    assert (nothing.exit_code, nothing.stdout) == (1, "")
    assert nothing.stderr.startswith("No setting is like that.")
    assert (call("--json", "no-such-word").exit_code, call("--json", "no-such-word").stdout) == (1, "[]\n")
