"""The Containerfile: linted, non-root, nothing in it that builds; and the probe that its health check asks."""

import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import image_root
import pytest

from tests.deploy.commands import understood
from tests.support.paths import ROOT

CONTAINERFILE = (ROOT / "Containerfile").read_text()
STEPS = image_root.instructions(CONTAINERFILE)
LAST = STEPS[max(index for index, (name, _) in enumerate(STEPS) if name == "FROM") :]
PROBE = ROOT / "deploy" / "image" / "desk-probe"


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    found = subprocess.run([hadolint, ROOT / "Containerfile"], capture_output=True, text=True, check=False, timeout=30)
    assert (found.returncode, found.stdout) == (0, "")


def test_both_stages_stand_on_one_base_that_can_be_named_by_its_digest() -> None:
    assert STEPS[0][0] == "ARG"
    assert [rest for name, rest in STEPS if name == "FROM"] == ["${BASE} AS build", "${BASE}"]


def test_the_image_runs_the_desk_as_nobody_in_particular() -> None:
    last = dict(LAST)
    assert last["USER"] == "10001:10001"
    assert understood([*image_root.words(last["ENTRYPOINT"]), *image_root.words(last["CMD"])][1:])
    assert last["HEALTHCHECK"].endswith('CMD ["desk-probe"]')
    assert last["STOPSIGNAL"] == "SIGTERM"


def test_nothing_that_builds_is_in_the_last_stage() -> None:
    installed = " ".join(rest for name, rest in LAST if name == "RUN")
    assert not [tool for tool in ("gcc", "build-essential", "-dev", "pip", "venv", "git") if tool in installed]
    assert [rest for name, rest in LAST if name == "COPY"] == ["--from=build /opt/escrow-desk /opt/escrow-desk"]


def test_the_labels_are_those_of_open_containers() -> None:
    labels = image_root.pairs(dict(LAST)["LABEL"], {"VERSION": "0.1.0", "REVISION": "abc"})
    assert labels["org.opencontainers.image.version"] == "0.1.0"
    assert labels["org.opencontainers.image.revision"] == "abc"
    assert {name.rpartition(".")[0] for name in labels} <= {
        "org.opencontainers.image",
        "org.opencontainers.image.base",
    }


def test_what_goes_into_the_image_is_named_and_has_no_secret() -> None:
    files = {str(each) for each in image_root.context()}
    assert {"pyproject.toml", "webapp/cli.py", "templates/base.html", "deploy/image/build.sh"} <= files
    assert not [
        each for each in files if each.startswith(("tests/", "var/", ".", "deploy/kubernetes", "deploy/compose"))
    ]


@pytest.mark.parametrize(
    ("content", "seconds", "word", "code"),
    [
        ("ready\n", 0, "", 0),
        ("waiting\n", 0, "", 0),
        ("ready\n", 0, "ready", 0),
        ("waiting\n", 0, "ready", 1),
        ("ready\n", 90, "", 1),
        ("ready\n", 90, "ready", 1),
        (None, 0, "", 1),
    ],
)
def test_a_worker_is_probed_by_its_file(
    content: str | None, seconds: int, word: str, code: int, tmp_path: Path
) -> None:
    file = tmp_path / "alive"
    if content is not None:
        file.write_text(content)
        os.utime(file, (time.time() - seconds,) * 2)
    assert probe([word] if word else [], ALIVE_FILE=str(file)) == code


class Web(BaseHTTPRequestHandler):
    """A web server that lives and is not ready, and answers to one host only."""

    def do_GET(self) -> None:
        knows = self.headers["Host"] == "desk.example.com"
        self.send_response(200 if knows and self.path == "/livez" else 503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_web_server_is_asked_by_the_name_that_it_answers_to(tmp_path: Path) -> None:
    program = tmp_path / "desk-probe"
    program.write_text(PROBE.read_text().replace("/opt/escrow-desk/bin/python", sys.executable))
    with HTTPServer(("127.0.0.1", 0), Web) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        given = {"PORT": str(server.server_port), "TRUSTED_HOSTS": "desk.example.com,other.example.com"}
        assert probe([], program, **given) == 0
        assert probe(["ready"], program, **given) == 1
        server.shutdown()
        assert probe([], program, **given | {"PORT": "1"}) == 1


def probe(words: list[str], program: Path = PROBE, **given: str) -> int:
    command = ["sh", str(program), *words]
    environment = {"PATH": os.environ["PATH"]} | given
    return min(subprocess.run(command, env=environment, capture_output=True, check=False, timeout=30).returncode, 1)
