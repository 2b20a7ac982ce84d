"""The units: hardened, whole, and about commands and settings that there are."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.commands import understood
from tests.support.paths import ROOT
from webapp.settings import Settings, load_settings
from webapp.settings_parts.secret_files import may_be_in_a_file

UNITS = ROOT / "deploy" / "systemd"
SERVICES = sorted(file.name for file in UNITS.glob("*.service"))
DROP_INS = sorted(UNITS.glob("escrow-desk-.service.d/*.conf"))
TOO_EXPOSED = 2.0
PROGRAM = "/opt/escrow-desk/bin/desk"

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")
needs_logrotate = pytest.mark.skipif(shutil.which("logrotate") is None, reason="there is no logrotate here")


def test_there_is_a_unit_of_each_process_and_of_the_migration() -> None:
    assert SERVICES == [
        "escrow-desk-migrate.service",
        "escrow-desk-scheduler@.service",
        "escrow-desk-web.service",
        "escrow-desk-worker@.service",
    ]


@needs_systemd
@pytest.mark.parametrize("name", SERVICES)
def test_a_unit_is_exposed_to_less_than_two_of_ten(name: str) -> None:
    found = systemd_analyze("security", "--offline=true", str(UNITS / name))
    exposure = re.search(r"exposure level for \S+: (\d+\.\d)", found.stdout)
    assert exposure, found.stdout + found.stderr
    assert float(exposure[1]) < TOO_EXPOSED


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    """Where the desk is installed is the only thing that is changed: the program has to be there."""
    for name in (*SERVICES, "escrow-desk.target"):
        (tmp_path / name).write_text((UNITS / name).read_text().replace(PROGRAM, "/bin/true"))
    shutil.copytree(UNITS / "escrow-desk-.service.d", tmp_path / "escrow-desk-.service.d")
    instances = [name.replace("@.", "@1.") for name in (*SERVICES, "escrow-desk.target")]
    found = systemd_analyze("verify", "--man=no", *(str(tmp_path / each) for each in instances))
    ours = [line for line in found.stderr.splitlines() if str(tmp_path) in line or "escrow-desk" in line]
    assert ours == []


@pytest.mark.parametrize("name", SERVICES)
def test_a_unit_starts_a_command_of_the_desk(name: str) -> None:
    [(program, *words)] = [line.split() for line in values(UNITS / name, "ExecStart")]
    assert program == PROGRAM
    assert understood(words)
    assert not understood([*words, "--no-such-option"])


@pytest.mark.parametrize("name", SERVICES)
def test_every_credential_is_a_setting_and_every_file_of_a_setting_a_credential(name: str) -> None:
    files = [UNITS / name, *DROP_INS]
    loaded = {line.split(":")[0] for file in files for line in values(file, "LoadCredential")}
    given = dict(pair.split("=", 1) for file in files for line in values(file, "Environment") for pair in line.split())
    settings = {name.lower() for name in given if not name.startswith("PYTHON")}
    secrets = {name.removesuffix("_file") for name in settings if name.endswith("_file")}
    assert {f"%d/{name}" for name in secrets} == {value for name, value in given.items() if name.endswith("_FILE")}
    assert secrets == loaded
    assert all(may_be_in_a_file(name) for name in secrets)
    assert settings - {"desk_env"} - {f"{name}_file" for name in secrets} <= set(Settings.model_fields)


def test_only_the_migration_is_given_the_role_that_changes_tables() -> None:
    given = {name: values(UNITS / name, "LoadCredential") for name in SERVICES}
    assert given.pop("escrow-desk-migrate.service") == ["database_url:/etc/escrow-desk/secrets/migrate_database_url"]
    assert set(map(tuple, given.values())) == {("database_url:/etc/escrow-desk/secrets/database_url",)}


def test_the_settings_that_come_along_can_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for line in (UNITS / "desk.env").read_text().splitlines():
        if line and not line.startswith("#"):
            monkeypatch.setenv(*line.split("=", 1))
    services = {"database_url": "postgresql://db/desk", "redis_url": "redis://cache"}
    found = load_settings(env="production", secret_key="k" * 32, var_dir=tmp_path, **services)
    assert found.public_origin == "https://desk.example.com"


def test_the_folder_of_the_logs_is_there_before_systemd_opens_them() -> None:
    """`append:` is opened before a LogsDirectory is made: without the folder, no unit starts."""
    folders = {Path(line.partition(":")[2]).parent for line in values(UNITS / DROP_INS[0], "StandardError")}
    made = [line.split()[1] for line in (UNITS / "escrow-desk.tmpfiles").read_text().splitlines() if line[0] == "d"]
    assert [str(each) for each in folders] == made


@needs_logrotate
def test_logrotate_can_read_how_logs_are_rotated(tmp_path: Path) -> None:
    config = (UNITS / "escrow-desk.logrotate").read_text()
    logs = tmp_path / "logs"
    logs.mkdir(mode=0o750)
    (logs / "web.log").write_text("{}\n")
    file = tmp_path / "config"
    file.write_text(config.replace("/var/log/escrow-desk", str(logs)))
    file.chmod(0o644)
    command = ["logrotate", "--force", "--state", str(tmp_path / "state"), str(file)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
    assert sorted(each.name for each in logs.iterdir()) == ["web.log", "web.log.1"]
    assert (logs / "web.log").read_text() == ""


def values(file: Path, key: str) -> list[str]:
    """What this key is set to, in order: a unit may set one several times."""
    return [line.partition("=")[2].strip() for line in file.read_text().splitlines() if line.startswith(f"{key}=")]


def systemd_analyze(*words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"SYSTEMD_COLORS": "0", "LANG": "C.UTF-8", "SYSTEMD_LOG_LEVEL": "warning"}
    command = ["systemd-analyze", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=30)
