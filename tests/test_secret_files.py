"""A secret may stand in a file: read as it is, or refused in words that never show it."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from webapp.cli import main
from webapp.local.process_plan import environment
from webapp.services.common.settings_display import masked
from webapp.settings import Settings, SettingsProblem, load_settings
from webapp.settings_parts.secret_files import MAX_BYTES, may_be_in_a_file, with_values

SECRET = "long-enough-" * 4


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of SECRET_KEY; nothing is in it yet."""
    found = tmp_path / "secret_key"
    found.write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.setenv("SECRET_KEY_FILE", str(found))
    return found


@pytest.mark.parametrize(
    ("content", "value"),
    [(f"{SECRET}\n", SECRET), (SECRET, SECRET), (f"{SECRET}\r\n", SECRET), (f" {SECRET}\n\n", f" {SECRET}\n")],
)
def test_a_secret_is_what_its_file_holds_without_the_last_newline(file: Path, content: str, value: str) -> None:
    file.write_bytes(content.encode())
    assert load_settings().secret_key == value


@pytest.mark.parametrize("name", [name for name in Settings.model_fields if may_be_in_a_file(name)])
def test_every_secret_and_every_address_with_a_password_may_stand_in_a_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("OIDC_ISSUER", "https://login.example.com")
    monkeypatch.setenv("OIDC_CLIENT_ID", "desk")
    monkeypatch.setenv("OIDC_CLIENT_SECRET" if name != "oidc_client_secret" else "UNUSED", "given")
    key = "AGE-SECRET-KEY-1" + "Q" * 58
    if name == "database_replica_url":
        key = "postgresql://desk@db2/desk"
        monkeypatch.setenv("DATABASE_URL", "postgresql://desk@db1/desk")
    (tmp_path / "secret").write_text(f"{key}\n")
    monkeypatch.setenv(f"{name.upper()}_FILE", "secret")

    found = load_settings()

    assert getattr(found, name) in (key, [key])
    assert masked(found)[name.upper()] == "***"
    assert masked(found)[f"{name.upper()}_FILE"] == "secret"
    assert key not in json.dumps(masked(found))


def test_nothing_is_shown_of_an_address_in_a_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(f"postgresql://desk:{SECRET}@db.inside/desk")
    monkeypatch.delenv("SECRET_KEY_FILE")
    monkeypatch.setenv("BACKUP_PROOF_URL_FILE", str(file))
    assert masked(load_settings())["BACKUP_PROOF_URL"] == "***"


def test_a_file_may_be_named_in_the_file_of_settings(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(SECRET)
    monkeypatch.delenv("SECRET_KEY_FILE")
    Path(".env").write_text(f"SECRET_KEY_FILE={file}\n")
    assert load_settings().secret_key == SECRET


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"x" * (MAX_BYTES + 1), "is larger than 64 KiB"),
        (b"\xff" + SECRET.encode(), "is no text in UTF-8"),
        (b"\0" + SECRET.encode(), "is no text in UTF-8"),
    ],
)
def test_what_can_be_no_secret_is_refused_by_the_name_of_its_file(file: Path, content: bytes, why: str) -> None:
    file.write_bytes(content)
    problem = refused()
    assert problem.startswith(f"SECRET_KEY: the file of SECRET_KEY_FILE, {file}, {why}")
    assert SECRET not in problem


def test_a_file_that_is_not_there_is_refused_in_words(file: Path) -> None:
    file.unlink()
    assert refused() == f"SECRET_KEY: the file of SECRET_KEY_FILE, {file}, can't be read: No such file or directory"


def test_what_is_no_file_is_refused_before_it_is_opened(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    monkeypatch.setenv("SECRET_KEY_FILE", os.devnull)
    assert "is no file" in refused()


@pytest.mark.parametrize("place", ["environment", ".env"])
def test_a_secret_that_is_given_twice_is_refused(file: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(SECRET)
    if place == "environment":
        monkeypatch.setenv("SECRET_KEY", "another")
    else:
        Path(".env").write_text("SECRET_KEY=another\n")
    assert refused() == "SECRET_KEY: SECRET_KEY_FILE is set too: set only one of the two"


def test_an_empty_variable_beside_a_file_is_not_given(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(SECRET)
    monkeypatch.setenv("SECRET_KEY", "")
    assert load_settings().secret_key == SECRET


def test_files_that_cannot_be_used_are_named_all_at_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setenv("REDIS_URL_FILE", "not-there")
    with pytest.raises(SettingsProblem) as raised:
        load_settings()
    assert [each.split(":")[0] for each in raised.value.problems] == ["REDIS_URL", "SECRET_KEY"]


def test_the_doctor_says_what_is_wrong_with_a_file(file: Path) -> None:
    result = CliRunner().invoke(main, ["doctor", "--json"])
    assert result.exit_code == 2
    assert str(file) in json.loads(result.stdout)[0]["found"]


def test_children_of_desk_up_are_given_each_secret_once(file: Path) -> None:
    file.write_text(SECRET)
    children: Mapping[str, str] = environment(load_settings())
    assert (children["SECRET_KEY"], "SECRET_KEY_FILE" in children) == (SECRET, False)
    assert with_values({"A_FILE": "a", "B_FILE": "b"}, {"A": "1"}) == {"B_FILE": "b", "A": "1"}


def test_what_is_no_secret_is_shown_and_has_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PUBLIC_URL_FILE", "nowhere")
    found = masked(load_settings())
    assert (found["APPROVALS_NEED_PASSKEY"], found["PASSWORD_SIGN_IN"]) == (False, True)
    assert "PUBLIC_URL_FILE" not in found


def refused() -> str:
    with pytest.raises(SettingsProblem) as raised:
        load_settings()
    [problem] = raised.value.problems
    return problem
