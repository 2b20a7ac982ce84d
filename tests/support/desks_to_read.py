"""Desks to read from end to end: one full of demo data, one with nothing in it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.conftest import FILE, settings_for
from tests.support.filled import Filled
from tests.support.people import PASSWORD, add_people, send
from webapp import demo
from webapp.app import create_app
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.runtime import Runtime, build_runtime

SignIn = Callable[[str], FlaskClient]
DEMO = {role: (email, password) for role, email, password in demo.SIGN_INS}


def a_desk(template: Path, folder: Path) -> Runtime:
    """A desk of its own on SQLite, as it is right after its start."""
    made = build_runtime(settings_for(f"sqlite:///{shutil.copy(template, folder / 'desk.sqlite3')}", folder))
    register_jobs(made)
    return made


def signing_in(desk: Runtime, who: Callable[[str], tuple[str, str]]) -> SignIn:
    """What signs somebody of a role in to this desk."""
    app = create_app(desk)
    app.testing = False

    def sign_in(role: str) -> FlaskClient:
        email, password = who(role)
        client = app.test_client()
        assert send(client, "/sign-in", email=email, password=password).status_code == 303
        return client

    return sign_in


def of_tests(role: str) -> tuple[str, str]:
    """The sign-in of a role that `add_people` added."""
    return f"{role}@desk.example", PASSWORD


@pytest.fixture(scope="module")
def demo_desk(sqlite_filled: Filled, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """The demo, for the tests that only read it."""
    folder = tmp_path_factory.mktemp("demo")
    sqlite_filled.copy_files(folder)
    made = build_runtime(settings_for(f"sqlite:///{folder / FILE}", folder))
    yield made
    made.db.close()


@pytest.fixture(scope="module")
def into_demo(demo_desk: Runtime) -> SignIn:
    """Signs in to the demo."""
    return signing_in(demo_desk, lambda role: DEMO[role])


@pytest.fixture
def bare_desk(sqlite_template: Path, tmp_path: Path) -> Iterator[Runtime]:
    """People and planned jobs, and nothing else."""
    made = a_desk(sqlite_template, tmp_path)
    add_people(made)
    yield made
    made.db.close()


@pytest.fixture
def into_bare(bare_desk: Runtime) -> SignIn:
    """Signs in to the desk with nothing in it."""
    return signing_in(bare_desk, of_tests)
