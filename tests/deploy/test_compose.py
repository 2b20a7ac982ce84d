"""deploy/compose.yaml: by the Compose specification, two of everything, healthy before it is used, secrets as files."""

import re
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from compose_spec import PyCompose

from real.packages import NGINX
from tests.deploy.commands import understood
from tests.faults.desk import until
from tests.support.local_desk import free_port
from tests.support.paths import ROOT
from webapp.migrations import roles
from webapp.settings import Settings, load_settings
from webapp.settings_parts.secret_files import may_be_in_a_file

FILE = ROOT / "deploy" / "compose.yaml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DESK = {name: each for name, each in SERVICES.items() if str(each["image"]).startswith("escrow-desk:")}
DURATION = re.compile(r"\d+(us|ms|s|m|h)")


def test_it_is_what_the_specification_says() -> None:
    assert sorted(PyCompose.from_yaml(yaml.safe_dump(COMPOSE)).service_names()) == sorted(SERVICES)


def test_the_specification_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="replica"):
        PyCompose.from_yaml(yaml.safe_dump({"services": {"web": SERVICES["web"] | {"replica": 2}}}))


def test_there_are_two_of_each_process_and_one_migration_before_them() -> None:
    assert {name: each["deploy"].get("replicas", 1) for name, each in DESK.items()} == {
        "migrate": 1,
        "web": 2,
        "worker": 2,
        "scheduler": 2,
    }
    for name in ("web", "worker", "scheduler"):
        assert DESK[name]["depends_on"] == {
            "migrate": {"condition": "service_completed_successfully"},
            "redis": {"condition": "service_healthy"},
        }


def test_each_service_is_bounded_and_its_logs_rotated() -> None:
    for name, each in SERVICES.items():
        assert {"cpus", "memory"} == set(each["deploy"]["resources"]["limits"]), name
        assert set(each["logging"]["options"]) == {"max-size", "max-file"}
        assert "no-new-privileges:true" in each["security_opt"]


def test_each_service_that_stays_has_a_health_check_and_time_to_end() -> None:
    for name, each in SERVICES.items():
        if name == "migrate":
            continue
        check = each["healthcheck"]
        assert check["test"][0] in ("CMD", "CMD-SHELL"), name
        assert all(DURATION.fullmatch(check[key]) for key in ("interval", "timeout"))
        assert DURATION.fullmatch(each["stop_grace_period"])


def test_the_desk_runs_its_commands_without_rights_on_a_root_that_is_read_only() -> None:
    for each in DESK.values():
        assert understood(each["command"])
        assert (each["read_only"], each["cap_drop"], each["user"]) == (True, ["ALL"], "10001:10001")


def test_secrets_are_files_and_all_that_is_set_are_settings() -> None:
    for each in DESK.values():
        given = each["environment"]
        files = {name: path for name, path in given.items() if name.endswith("_FILE") and name != "ALIVE_FILE"}
        assert all(may_be_in_a_file(name.removesuffix("_FILE").lower()) for name in files)
        assert set(files.values()) == {f"/run/secrets/{name}" for name in each["secrets"]}
        plain = {name.lower() for name in given if name not in files} - {"desk_env"}
        assert plain <= set(Settings.model_fields)
        assert not [name for name in plain if may_be_in_a_file(name)]


def test_redis_keeps_what_it_took_refuses_when_full_and_asks_for_a_password(secrets: Path) -> None:
    lines = (secrets / "redis_conf").read_text().splitlines()
    assert {"appendonly yes", "maxmemory-policy noeviction"} <= set(lines)
    assert f"requirepass {(secrets / 'redis_password').read_text().strip()}" in lines


def test_the_script_makes_each_secret_once_and_for_its_user_alone(secrets: Path) -> None:
    named = {Path(each["file"]).name for each in COMPOSE["secrets"].values()}
    assert {file.name for file in secrets.iterdir()} == named
    assert secrets.stat().st_mode & 0o077 == 0
    before = {file.name: file.read_text() for file in secrets.iterdir()}
    make_secrets(secrets.parent)
    assert {file.name: file.read_text() for file in secrets.iterdir()} == before


def test_production_starts_with_what_the_script_makes(
    secrets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(f"{name}_FILE", str(secrets / name.lower()))
    found = load_settings(env="production", trusted_hosts="desk.example.com", var_dir=tmp_path)
    assert found.database_url.startswith("postgresql://desk_app:")
    assert found.database_url.endswith("@postgres:5432/desk")
    assert set(found.secret_files) == {"secret_key", "database_url", "redis_url"}


def test_only_the_proxy_is_reached_from_outside_and_the_database_reaches_nothing() -> None:
    assert [name for name, each in SERVICES.items() if "ports" in each] == ["proxy"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert all(SERVICES[name]["networks"] == ["inside"] for name in ("postgres", "redis", "migrate"))


def test_the_database_begins_with_the_roles_and_only_the_migration_has_its_own() -> None:
    assert (ROOT / "deploy" / "postgresql" / "roles.sql").read_text() == roles.SCRIPT
    mounted = [each.split(":")[0] for each in SERVICES["postgres"]["volumes"] if "initdb" in each]
    assert mounted == ["./postgresql/roles.sql", "./postgresql/passwords.sh"]
    assert all((FILE.parent / each).is_file() for each in mounted)
    having = [name for name, each in SERVICES.items() if "migrate_database_url" in each.get("secrets", [])]
    assert having == ["migrate"]


@pytest.mark.skipif(NGINX.path is None, reason="there is no nginx here")
def test_nginx_can_read_how_the_web_containers_are_reached(secrets: Path, tmp_path: Path) -> None:
    template = (ROOT / "deploy" / "compose" / "nginx.conf.template").read_text().replace("${DESK_HOST}", "localhost")
    server = template.replace("/run/secrets", str(secrets))
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{server}\n}}\n")
    command = [str(NGINX.path), "-t", "-q", "-p", str(tmp_path), "-e", "stderr", "-c", str(tmp_path / "nginx.conf")]
    found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert (found.returncode, found.stderr) == (0, "")


@pytest.mark.skipif(NGINX.path is None, reason="there is no nginx here")
def test_nginx_leads_pages_alone_to_https_and_speaks_todays_tls(secrets: Path, tmp_path: Path) -> None:
    template = (ROOT / "deploy" / "compose" / "nginx.conf.template").read_text()
    assert "ssl_protocols TLSv1.2 TLSv1.3;" in template  # what is older this client does not speak itself
    plain, tls = free_port(), free_port()
    for words, own in (("${DESK_HOST}", "localhost"), ("/run/secrets", str(secrets)), ("8080;", f"{plain};")):
        template = template.replace(words, own)
    template = template.replace("8443 ssl;", f"{tls} ssl;")
    kinds = " ".join(
        f"{kind}_temp_path {tmp_path}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    own = f"pid {tmp_path}/pid;\ndaemon off;\nevents {{}}\nhttp {{\naccess_log off;\n{kinds}\n{template}\n}}\n"
    (tmp_path / "nginx.conf").write_text(own)
    command = [str(NGINX.path), "-q", "-p", str(tmp_path), "-e", "stderr", "-c", str(tmp_path / "nginx.conf")]
    with subprocess.Popen(command) as nginx:
        try:
            until(lambda: _status(plain, "/orders?q=x") == (301, "https://localhost/orders?q=x"), 20)
            for path in ("/api/v1/orders", "/webhooks/paystack", "/admin/escrow-jobs/status"):
                assert _status(plain, path) == (403, "")
            assert _agreed(tls, "TLSv1_2", "ECDHE+AESGCM")
            assert _agreed(tls, "TLSv1_3", "")
            assert not _agreed(tls, "TLSv1_2", "AES128-GCM-SHA256:AES256-SHA:ECDHE+AES+SHA1:@SECLEVEL=0")
        finally:
            nginx.terminate()


def _status(port: int, path: str) -> tuple[int, str]:
    try:
        answer = requests.get(
            f"http://127.0.0.1:{port}{path}", headers={"Host": "localhost"}, timeout=5, allow_redirects=False
        )
    except requests.ConnectionError:
        return 0, ""
    return answer.status_code, answer.headers.get("Location", "")


def _agreed(port: int, version: str, ciphers: str) -> bool:
    """Whether a client that speaks this alone is taken."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    if ciphers:
        context.set_ciphers(ciphers)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as plain, context.wrap_socket(plain):
            return True
    except (ssl.SSLError, ConnectionError):
        return False


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the script fills."""
    folder = tmp_path_factory.mktemp("compose")
    (folder / "secrets.sh").write_text((ROOT / "deploy" / "compose" / "secrets.sh").read_text())
    make_secrets(folder)
    return folder / "secrets"


def make_secrets(folder: Path) -> None:
    subprocess.run(["sh", str(folder / "secrets.sh")], check=True, timeout=30)
