"""Fixtures: a migrated desk on SQLite and on PostgreSQL, a Redis server, a browser."""

import gc
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import structlog
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from tests.support import browser as browsers
from tests.support import kept_connections
from tests.support.compiled import compiled_once
from tests.support.described import described_refusals
from tests.support.filled import Filled, common_folder, fill, filled_once
from tests.support.people import add_people
from tests.support.personal_data import Watch, watched
from tests.support.postgresql import Server, serving
from tests.support.together import Together
from webapp import db as db_module
from webapp.db import Database
from webapp.migrations import upgrade
from webapp.providers.http.leases import EffectLease
from webapp.runtime import Runtime, build_runtime
from webapp.services.users import passwords
from webapp.settings import Settings, load_settings

# A machine that is busy with something else is no fault of what is tested.
hypothesis.settings.register_profile("desk", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("desk")

FILE = "desk.sqlite3"
SECRET = "a-secret-of-the-tests-that-is-long-enough"
NOWHERE = "unix:///nonexistent/redis.sock"


def settings_for(url: str, folder: Path, **more: Any) -> Settings:
    """Settings of a desk in a test; Redis is out of reach unless named."""
    given = {"env": "test", "secret_key": SECRET, "redis_url": NOWHERE, "_env_file": None} | more
    return load_settings(database_url=url, var_dir=folder, **given)


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hashes that cost next to nothing; `tests/security` checks what they cost otherwise."""
    real = passwords._hasher
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    yield
    passwords._hasher = real


@pytest.fixture(scope="session", autouse=True)
def quick_statements() -> Iterator[None]:
    """Statements that are compiled once for all tests."""
    with compiled_once():
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_commits() -> Iterator[None]:
    """SQLite that waits for no disk at a commit: no test cuts the power, and a killed process loses nothing."""
    real = db_module._sqlite

    def unsynced(url: str) -> Engine:
        engine = real(url)
        event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous = OFF"))
        return engine

    db_module._sqlite = unsynced
    yield
    db_module._sqlite = real


@pytest.fixture(scope="session", autouse=True)
def plain_tracebacks() -> None:
    """Tracebacks as the desk's own logs have them. Before logs are configured structlog draws them with every variable,
    which takes seconds of processor time for each.
    """
    for processor in structlog.get_config()["processors"]:
        if isinstance(processor, structlog.dev.ConsoleRenderer):
            processor.exception_formatter = structlog.dev.plain_traceback


@pytest.fixture(scope="session", autouse=True)
def whole_answers() -> Iterator[None]:
    """Answers that are read to their end, as browsers do.

    A streamed one that a test leaves half-way keeps its request's context open, and takes another request's with it
    whenever Python happens to throw it away.
    """
    real = FlaskClient.open

    def to_the_end(self: FlaskClient, *args: Any, buffered: bool = True, **how: Any) -> Any:
        return real(self, *args, buffered=buffered, **how)

    FlaskClient.open = to_the_end  # type: ignore[method-assign]
    yield
    FlaskClient.open = real  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def undescribed() -> Iterator[list[str]]:
    """Refusals that the description of the API does not name."""
    with described_refusals() as found:
        yield found


@pytest.fixture(autouse=True)
def described_answers(undescribed: list[str]) -> Iterator[None]:
    """Each operation of the API refuses by none but the statuses that its description names."""
    undescribed.clear()
    yield
    assert not undescribed, "Not in the description: " + "; ".join(undescribed)


@pytest.fixture(scope="session")
def log_watch() -> Iterator[Watch]:
    """What looks at every line that is logged."""
    with watched() as watch:
        yield watch


@pytest.fixture(autouse=True)
def logs_without_personal_data(log_watch: Watch) -> Iterator[None]:
    """No line that a test makes the desk log tells who a party is, or how it is reached or paid."""
    log_watch.names.clear()
    yield
    found = log_watch.taken()
    assert not found, f"Personal data was logged:\n{found}"


@pytest.fixture(scope="session")
def pg() -> Iterator[Server]:
    """The PostgreSQL server of all test processes."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
    with serving(Path(tempfile.gettempdir(), f"desk-pg-{run}")) as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file; `tools/rule_mutants.py` names one, for thousands of runs of a few tests."""
    if kept := os.environ.get("SQLITE_TEMPLATE"):
        return Path(kept)
    file = tmp_path_factory.mktemp("template") / FILE
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def sqlite_with_people(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file in which each role has its person: adding them takes longer than copying it."""
    folder = tmp_path_factory.mktemp("people")
    file = Path(shutil.copy(sqlite_template, folder / FILE))
    made = build_runtime(settings_for(f"sqlite:///{file}", folder))
    add_people(made)
    made.db.close()
    return file


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A SQLite database of this test."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / FILE)}"


@pytest.fixture
def pg_url(pg: Server) -> Iterator[str]:
    """A PostgreSQL database of this test."""
    url = pg.new_database()
    yield url
    pg.give_back(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Both databases, one after the other."""
    name = "sqlite_url" if request.param == "sqlite" else "pg_url"
    return str(request.getfixturevalue(name))


@pytest.fixture
def runtime(database_url: str, tmp_path: Path) -> Iterator[Runtime]:
    """A desk on each database."""
    yield from _runtime(database_url, tmp_path)


@pytest.fixture
def pg_runtime(pg_url: str, tmp_path: Path) -> Iterator[Runtime]:
    """A desk on PostgreSQL."""
    yield from _runtime(pg_url, tmp_path)


@pytest.fixture
def sqlite_runtime(sqlite_url: str, tmp_path: Path) -> Iterator[Runtime]:
    """A desk on SQLite."""
    yield from _runtime(sqlite_url, tmp_path)


def _runtime(url: str, folder: Path) -> Iterator[Runtime]:
    made = build_runtime(settings_for(url, folder))
    kept_connections.take(made.db)
    yield made
    kept_connections.leave(made.db)


@pytest.fixture(scope="session")
def sqlite_filled(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """A desk full of demo data on SQLite, to copy: one for all processes of this run."""

    def make(folder: Path) -> Filled:
        url = f"sqlite:///{shutil.copy(sqlite_template, folder / FILE)}"
        return fill(build_runtime(settings_for(url, folder)), folder)

    return filled_once(common_folder(tmp_path_factory) / "filled", make)


@pytest.fixture(scope="session")
def pg_filled(pg: Server, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """The same on PostgreSQL."""

    def make(folder: Path) -> Filled:
        return fill(build_runtime(settings_for(pg.original(), folder)), folder)

    return filled_once(common_folder(tmp_path_factory) / "filled-on-postgresql", make)


@pytest.fixture
def sqlite_demo(sqlite_filled: Filled, tmp_path: Path) -> Iterator[Runtime]:
    """A desk full of demo data, on SQLite."""
    sqlite_filled.copy_files(tmp_path)
    yield from _runtime(f"sqlite:///{tmp_path / FILE}", tmp_path)


@pytest.fixture
def pg_demo(pg: Server, pg_filled: Filled, tmp_path: Path) -> Iterator[Runtime]:
    """The same on PostgreSQL."""
    pg_filled.copy_files(tmp_path)
    url = pg.copy(pg_filled.url)
    yield from _runtime(url, tmp_path)
    pg.drop(url)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def filled(request: pytest.FixtureRequest) -> tuple[Runtime, dict[str, int]]:
    """A desk full of demo data on each database, and its rows by table before the demo was added."""
    name = "sqlite" if request.param == "sqlite" else "pg"
    kept: Filled = request.getfixturevalue(f"{name}_filled")
    return request.getfixturevalue(f"{name}_demo"), kept.before


@pytest.fixture
def db(runtime: Runtime) -> Database:
    """The desk's database."""
    return runtime.db


@pytest.fixture
def session(db: Database) -> Iterator[Session]:
    """A transaction that is committed when the test is over."""
    with db.transaction() as session:
        yield session


@pytest.fixture
def leased() -> Iterator[None]:
    """This test's thread may act on the world outside."""
    with EffectLease(timedelta(minutes=5)).held():
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A real Chromium; without one the test is skipped, loudly, unless DESK_REQUIRE_BROWSER=1."""
    path = browsers.chromium()
    if path is None:
        if browsers.is_required():
            pytest.fail("There is no Chromium, and DESK_REQUIRE_BROWSER=1 asks for one.")
        pytest.skip("no Chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(browsers.FLAGS))
        yield running
        running.close()


_STARTING = frozenset(
    {"sqlite_template", "database_url", "pg", "place", "world", "served", "browser", "receiver", "letters", "start"}
)
"""Fixtures under every database, server and browser."""
_STARTS_ITSELF = (
    "subprocess",
    "forked",
    "Popen",
    "serving",
    "desk_with",
    "CliRunner",
    "Sandbox",
    "LocalDesk",
    "upgrade",
)
"""Names by which a module of tests starts something itself."""


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """Hand each test process one test at a time, or all of those that stand on something costly together."""
    return Together(config, log)


def pytest_collection_finish() -> None:
    """Look for garbage less often: what was imported and collected is none, and looking through it took a sixth."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is quick, and begin with what may take long: at the end, one process would wait for it alone."""
    _mark_quick(items)
    items.sort(key=_may_take, reverse=True)


def _may_take(item: pytest.Item) -> float:
    """The seconds that a test is given where it needs more than others."""
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0]) if marker else 0


def _mark_quick(items: list[pytest.Item]) -> None:
    """Mark what stands on nothing but Python, for `make quick`: what a test uses says it, no list of tests."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        module, params = getattr(item, "module", None), getattr(getattr(item, "callspec", None), "params", {})
        on_database = any(value in ("sqlite", "postgresql") for value in params.values() if isinstance(value, str))
        starts = on_database or any(hasattr(module, name) for name in _STARTS_ITSELF)
        if fixtures.isdisjoint(_STARTING) and not starts:
            item.add_marker("quick")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say loudly what did not run."""
    if browsers.chromium() is None:
        terminalreporter.section("THE BROWSER TESTS DID NOT RUN", red=True, bold=True)
        terminalreporter.write_line("No Chromium is on the PATH. Install it, or run .ci/run, which does.")
