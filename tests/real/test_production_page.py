"""The blocks of docs/production.md are what the desk and its figures have; `make real` runs them on the servers."""

import re

from real import handbook
from tests.support.paths import ROOT
from webapp.app import create_app
from webapp.domain.permissions import SCOPES
from webapp.runtime import Runtime
from webapp.settings import Settings
from webapp.web_server import IDLE_SECONDS


def test_its_settings_are_settings() -> None:
    for heading in ("", "Evidence on several hosts", "Several hosts of PostgreSQL", "Redis with Sentinels"):
        known = {name.upper() for name in Settings.model_fields}
        unknown = {
            name
            for name in handbook.variables(heading)
            if name not in known and name.removesuffix("_FILE") not in known
        }
        assert unknown <= {"DESK_ENV", "SSL_CERT_FILE"}


def test_nginx_takes_what_the_desk_takes_and_rests_less(sqlite_runtime: Runtime) -> None:
    [block] = handbook.blocks("nginx", "nginx")
    size = re.search(r"client_max_body_size (\d+)m;", block)
    rests = re.search(r"keepalive_timeout (\d+)s;", block)
    assert size
    assert rests
    assert int(size[1]) * 2**20 > create_app(sqlite_runtime).config["LARGEST_BODY"]
    assert int(rests[1]) < IDLE_SECONDS


def test_the_token_of_prometheus_reads_and_does_no_more() -> None:
    assert "--scope metrics" in (ROOT / "docs" / "production.md").read_text()
    assert SCOPES["metrics"] == {"job:read"}
