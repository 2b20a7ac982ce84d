"""What the desk finds by walking its packages and migrations it finds once in a process, however often it is asked."""

import pkgutil
from collections.abc import Callable
from typing import Any

import pytest
from alembic.script import ScriptDirectory

from webapp import api, jobs, migrations
from webapp.admin.ui import menu
from webapp.providers import catalogue
from webapp.services.alerts import registry as alert_registry
from webapp.services.approvals import executors

FOUND: dict[str, Callable[[], Any]] = {
    "alert rules": alert_registry.rules,
    "decisions": executors.actions,
    "endpoints": lambda: list(api.all_endpoints()),
    "jobs": jobs.registry,
    "providers": catalogue.every,
    "screens": menu.screens,
}


@pytest.mark.parametrize("kind", FOUND)
def test_packages_are_walked_once(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    first = FOUND[kind]()
    for walk in ("iter_modules", "walk_packages"):
        monkeypatch.setattr(pkgutil, walk, lambda *_: pytest.fail("walked again"))
    assert FOUND[kind]() == first
    assert first


def test_a_probe_reads_no_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    newest = migrations.newest()
    monkeypatch.setattr(ScriptDirectory, "from_config", lambda *_: pytest.fail("read again"))
    assert migrations.newest() == newest != ""
