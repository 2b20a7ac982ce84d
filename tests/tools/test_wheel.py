"""The built wheel, installed where no checkout is: it migrates, starts every process and serves the desk."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from markupsafe import escape

from tests.support.local_desk import ExecutedDesk, LocalDesk, clean_environment
from tests.support.paths import ROOT
from webapp.services.common.catalogues import words_of
from webapp.static_files import static_address

pytestmark = [pytest.mark.faults, pytest.mark.long, pytest.mark.timeout(300)]

EMAIL, PASSWORD = "new@demo.example", "a-password-that-is-long-enough"


def run(*command: str | Path, cwd: Path, **more: str) -> str:
    done = subprocess.run(command, cwd=cwd, text=True, capture_output=True, env=clean_environment() | more)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an environment of its own: the wheel, and the dependencies that are installed here."""
    folder = tmp_path_factory.mktemp("elsewhere")
    sources = folder / "sources"
    for name in ("webapp", "templates", "static", "translations"):
        shutil.copytree(ROOT / name, sources / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md"):
        shutil.copy(ROOT / name, sources / name)
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder, sources, cwd=folder)
    shutil.rmtree(sources)
    venv.create(folder / "venv", symlinks=True)
    (wheel,) = folder.glob("*.whl")
    python = folder / "venv" / "bin" / "python"
    run(*pip, "--python", python, "install", "--no-deps", "--no-index", "--no-compile", wheel, cwd=folder)
    packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip()
    Path(packages, "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder


@pytest.fixture
def up(elsewhere: Path, tmp_path: Path) -> Iterator[LocalDesk]:
    """The installed desk, migrated by its own command and started with all its processes."""
    desk, var = elsewhere / "venv" / "bin" / "desk", tmp_path / "var"
    run(desk, "migrate", cwd=elsewhere, VAR_DIR=str(var))
    add: list[str | Path] = [desk, "user", "add", EMAIL, "--role", "admin", "--password-stdin"]
    subprocess.run(
        add, cwd=elsewhere, input=PASSWORD, text=True, check=True, env=clean_environment() | {"VAR_DIR": str(var)}
    )

    class Installed(ExecutedDesk):
        desk = (str(elsewhere / "venv" / "bin" / "desk"),)
        run_in = elsewhere

    started = Installed(var, "--no-demo")
    yield started
    started.end()


def sign_in(up: LocalDesk) -> requests.Session:
    browser, page = requests.Session(), f"http://127.0.0.1:{up.port}/sign-in"
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', browser.get(page).text)
    assert token
    form = {"csrf_token": token[1], "email": EMAIL, "password": PASSWORD}
    answer = browser.post(page, data=form, headers={"Referer": page})
    assert not answer.url.endswith("/sign-in"), answer.text
    return browser


def test_the_wheel_serves_the_desk_where_no_checkout_is(up: LocalDesk, elsewhere: Path) -> None:
    up.wait_until_ready()
    running = " ".join(part for child in up.children() for part in child.cmdline())
    assert [name for name in ("escrow-desk-web", "rq:worker", "desk scheduler") if name not in running] == []

    swahili = requests.get(f"http://127.0.0.1:{up.port}/sign-in", headers={"Accept-Language": "sw"}, timeout=10).text
    translated = str(escape(words_of("sw").gettext("Forgot your password? An administrator can reset it.")))
    assert translated in swahili
    assert translated not in up.get("/sign-in").text
    for address in set(re.findall(r'(?:href|src)="(/static/[^"?#]+)', swahili)):
        file = re.sub(r"\.[0-9a-f]{12}\.", ".", address.lstrip("/"))
        assert up.get(address).text == (ROOT / file).read_text()

    browser = sign_in(up)
    for page in ("/", "/escrows", "/api/docs"):
        answer = browser.get(f"http://127.0.0.1:{up.port}{page}")
        assert answer.status_code == 200, page
    assert f'href="{static_address("desk.css")}' in answer.text


def test_the_wheel_carries_the_records_that_providers_are_held_to(elsewhere: Path) -> None:
    code = "import webapp; from webapp.conformance import records; print(webapp.__file__, len(records.of('blnk')))"
    said = run(elsewhere / "venv" / "bin" / "python", "-c", code, cwd=elsewhere)
    assert said.startswith(str(elsewhere) + os.sep)
