"""The blocks of docs/production.md are what the desk and its figures have; `make real` runs them on the servers."""

import re

import yaml

from real import handbook
from tests.support.job_runs import run_job_now
from tests.support.paths import ROOT
from webapp import clock
from webapp.api.probes.metrics import exposition
from webapp.app import create_app
from webapp.domain.permissions import SCOPES
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.runtime import Runtime
from webapp.settings import Settings
from webapp.web_server import IDLE_SECONDS


def test_its_settings_are_settings() -> None:
    for heading in ("", "Several hosts of PostgreSQL", "Redis with Sentinels"):
        unknown = set(handbook.variables(heading)) - {name.upper() for name in Settings.model_fields}
        assert unknown <= {"DESK_ENV", "SSL_CERT_FILE"}


def test_nginx_takes_what_the_desk_takes_and_rests_less(sqlite_runtime: Runtime) -> None:
    [block] = handbook.blocks("nginx", "nginx")
    size = re.search(r"client_max_body_size (\d+)m;", block)
    rests = re.search(r"keepalive_timeout (\d+)s;", block)
    assert size
    assert rests
    assert int(size[1]) * 2**20 > create_app(sqlite_runtime).config["MAX_CONTENT_LENGTH"]
    assert int(rests[1]) < IDLE_SECONDS


def test_its_rules_ask_for_figures_that_there_are(sqlite_runtime: Runtime) -> None:
    register_jobs(sqlite_runtime)
    run_job_now(sqlite_runtime, "back_up")
    with sqlite_runtime.db.reading() as session:
        text = exposition(session, clock.now(), sqlite_runtime.settings, sqlite_runtime.figures).decode()
    there = set(re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE)) | {"up"}
    scrape, rules = (yaml.safe_load(block) for block in handbook.blocks("Prometheus", "yaml"))
    asked = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    assert {name for expression in asked for name in re.findall(r"\b(?:desk_\w+|up)\b", expression)} <= there
    [job] = scrape["scrape_configs"]
    assert job["job_name"] in asked[0]


def test_the_token_of_prometheus_reads_and_does_no_more() -> None:
    assert "--scope metrics" in (ROOT / "docs" / "production.md").read_text()
    assert SCOPES["metrics"] == {"job:read"}
