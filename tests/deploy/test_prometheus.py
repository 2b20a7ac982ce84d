"""Rules and dashboard ask for figures that the desk has, each alert fires on its trouble, promtool takes all of it."""

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import dashboard
import pytest
import yaml

from real import handbook
from real.packages import PROMTOOL
from tests.support.job_runs import run_job_now
from tests.support.paths import ROOT
from webapp import clock
from webapp.api.probes.metrics import exposition
from webapp.domain.states import Channel, DeliveryStatus
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.runtime import Runtime

FOLDER = ROOT / "deploy" / "prometheus"
_NAME = re.compile(r"\b(?:desk(?:_\w+|:[\w:]+)|up)\b")


@pytest.fixture
def there(sqlite_runtime: Runtime) -> set[str]:
    """Every figure, and every rule that is reckoned from them."""
    register_jobs(sqlite_runtime)
    run_job_now(sqlite_runtime, "back_up")
    with sqlite_runtime.db.reading() as session:
        text = exposition(session, clock.now(), sqlite_runtime.settings, sqlite_runtime.figures).decode()
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    parts = {
        f"{name}{end}" for name, kind in kinds.items() if kind == "histogram" for end in ("_bucket", "_sum", "_count")
    }
    return (
        {name for name, kind in kinds.items() if kind != "histogram"}
        | parts
        | {"up"}
        | {rule["record"] for rule in _rules() if "record" in rule}
    )


def _rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "rules.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _queries() -> Iterator[str]:
    for panel in dashboard.dashboard()["panels"]:
        yield from (target["expr"] for target in panel.get("targets", []))


def test_what_is_asked_for_is_there(there: set[str]) -> None:
    asked = [rule["expr"] for rule in _rules()] + list(_queries())
    names = {name for expression in asked for name in _NAME.findall(expression)}
    assert len(names) > 30
    assert names - there == set()


def test_labels_have_the_values_that_are_asked_for() -> None:
    """A value that nothing has would make an alert that never fires."""
    asked = " ".join([rule["expr"] for rule in _rules()] + list(_queries()))
    known = {"status": {*map(str, DeliveryStatus), "5.."}, "state": {"in_use"}, "job": {"escrow-desk"}}
    known |= {"outcome": {"failed"}, "route": {"/readyz|/healthz"}, "channel": set(map(str, Channel))}
    labels = re.findall(r'(\w+)(?:=|=~|!=|!~)"([^"]*)"', asked.replace("__name__=~", ""))
    assert [(label, value) for label, value in labels if value not in known[label]] == []


def test_every_alert_says_how_bad_it_is_and_what_to_do_and_is_tried() -> None:
    alerts = {rule["alert"]: rule for rule in _rules() if "alert" in rule}
    assert {rule["labels"]["severity"] for rule in alerts.values()} == {"page", "warn"}
    assert all(rule["annotations"]["summary"].endswith(".") for rule in alerts.values())
    tried = {test["name"] for test in yaml.safe_load((FOLDER / "rules.test.yaml").read_text())["tests"]}
    assert tried == {*alerts, "nothing"}


def test_the_dashboard_is_as_its_script_writes_it() -> None:
    assert dashboard.FILE.read_text() == dashboard.text()
    ids = [panel["id"] for panel in json.loads(dashboard.text())["panels"]]
    assert len(ids) == len(set(ids))


def test_the_page_names_what_is_scraped_and_evaluated() -> None:
    [scrape] = handbook.blocks("Prometheus", "yaml")
    [job] = yaml.safe_load(scrape)["scrape_configs"]
    assert f'up{{job="{job["job_name"]}"}}' in _rules()[9]["expr"]
    assert "deploy/prometheus/" in (ROOT / "docs" / "production.md").read_text()


@pytest.mark.skipif(PROMTOOL.path is None, reason="there is no promtool here")
@pytest.mark.parametrize("words", [["check", "rules", "rules.yaml"], ["test", "rules", "rules.test.yaml"]])
def test_promtool_takes_the_rules_and_each_alert_fires_on_its_trouble(words: list[str]) -> None:
    done = subprocess.run([str(PROMTOOL.path), *words], cwd=FOLDER, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
