"""Desks whose providers are the sandbox."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import settings_for
from tests.sandbox.conftest import Caller
from webapp.runtime import Runtime, build_runtime
from webapp.sandbox import Options, SandboxSettings, Served, serving
from webapp.sandbox.core.settings import SANDBOX_KEYS

V4 = {
    "flutterwave_client_id": SANDBOX_KEYS["FLUTTERWAVE_CLIENT_ID"],
    "flutterwave_client_secret": SANDBOX_KEYS["FLUTTERWAVE_CLIENT_SECRET"],
}
V3 = {"flutterwave_secret_key": SANDBOX_KEYS["FLUTTERWAVE_SECRET_KEY"]}
Outfit = Callable[..., Runtime]


@pytest.fixture
def served() -> Iterator[Served]:
    """A sandbox of this test."""
    with serving(SandboxSettings(options=Options(settle_seconds=0.1, refund_seconds=0.1, patience=0.3))) as made:
        made.sandbox.options.desk = f"{made.url}/hooks"
        yield made


@pytest.fixture
def sandbox(served: Served) -> Caller:
    """Its controls."""
    return Caller(served)


@pytest.fixture
def outfit(served: Served, database_url: str, tmp_path: Path) -> Iterator[Outfit]:
    """Makes a desk on this database whose providers are the sandbox, with these settings besides."""
    made: list[Runtime] = []

    def one(**more: Any) -> Runtime:
        addresses = {
            "flutterwave_url": f"{served.url}/flutterwave",
            "flutterwave_v3_url": f"{served.url}/flutterwave",
            "flutterwave_token_url": f"{served.url}/flutterwave/idp/token",
            "blnk_url": f"{served.url}/blnk",
        }
        made.append(build_runtime(settings_for(database_url, tmp_path, **(addresses | more))))
        return made[-1]

    yield one
    for each in made:
        each.db.close()
