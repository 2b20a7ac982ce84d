"""What stops a web process waits longer than the process goes on answering: else requests at work are cut."""

import re

from tests.deploy.test_compose import SERVICES
from tests.deploy.test_kubernetes import BASE, of
from tests.support.paths import ROOT
from webapp.commands.web import options
from webapp.local.process_plan import WEB_STOPS, environment
from webapp.settings import Settings, load_settings

STOPS = Settings.model_fields["web_stop_seconds"].default


def test_the_web_server_takes_its_time_from_the_setting() -> None:
    assert options(load_settings(env="test", web_stop_seconds=7))["graceful_timeout"] == 7


def test_systemd_waits_longer() -> None:
    unit = (ROOT / "deploy" / "systemd" / "escrow-desk-web.service").read_text()
    [seconds] = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert int(seconds) > STOPS


def test_compose_waits_longer_for_the_web_and_for_the_proxy_before_it() -> None:
    web, proxy = (int(SERVICES[name]["stop_grace_period"].removesuffix("s")) for name in ("web", "proxy"))
    assert STOPS < web <= proxy


def test_kubernetes_waits_longer_after_its_own_pause() -> None:
    pod = of("Deployment", BASE)["escrow-desk-web"]["spec"]["template"]["spec"]
    pause = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] > pause + STOPS


def test_who_presses_ctrl_c_waits_less() -> None:
    assert environment(load_settings(env="test"))["WEB_STOP_SECONDS"] == str(WEB_STOPS)
    assert environment(load_settings(env="test", web_stop_seconds=5))["WEB_STOP_SECONDS"] == "5"
