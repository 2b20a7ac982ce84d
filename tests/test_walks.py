"""What the desk finds by walking its packages it finds once in a process, however often a page asks for it."""

import pkgutil
from collections.abc import Callable
from typing import Any

import pytest

from webapp import api, jobs
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
