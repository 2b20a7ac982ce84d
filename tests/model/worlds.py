"""Desks to try things on: each begins with the same parties, limits and schedules, at the same instant."""

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, update

from tests.conftest import FILE, settings_for
from tests.model.drawn import TENANTS
from tests.model.moved_clock import START, MovedClock, moved_clock
from tests.model.plain.facts import LIMITS, PEOPLE
from tests.support import kept_connections
from tests.support.clean_postgresql import CleanState
from tests.support.market import person
from tests.support.people import SETUP
from tests.support.postgresql import Server
from webapp.domain.actors import Actor
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import Tenant, User
from webapp.runtime import Runtime, build_runtime
from webapp.services.approvals import limits
from webapp.services.parties import parties
from webapp.services.parties.parties import NewParty
from webapp.services.storefront import tenants
from webapp.services.users import users

MAIL = {"smtp_url": "smtp://127.0.0.1:9"}
"""Letters are written; nothing sends them."""
ACTORS: dict[str, Actor] = {
    name: person(number, name, role) for number, (name, role) in enumerate(PEOPLE.items(), start=1)
}
PARTIES = {"Ada": True, "Ben": True, "Cy": True, "Dee": False}
"""Whether each is verified."""
WITH_WALLETS = {"Ada": ("NGN", "RWF"), "Ben": ("NGN", "RWF")}
BEGINS = timedelta(seconds=1)
Worlds = Callable[[], AbstractContextManager[tuple[Runtime, MovedClock]]]


def prepare(runtime: Runtime) -> None:
    """What every desk begins with."""
    register_jobs(runtime)
    with runtime.db.transaction() as session:
        for name, actor in ACTORS.items():
            session.add(User(id=actor.id, email=f"{name.lower()}@desk.example", name=name, created_at=START))
        for name, role in PEOPLE.items():
            users.change_roles(session, ACTORS[name].id or 0, [role], at=START, actor=SETUP)
        limits.set_limits(session, LIMITS, at=START, actor=ACTORS["Divine"])
        tenants.admit_orders(session, TENANTS, at=START, actor=ACTORS["Divine"])
        session.execute(update(Tenant).values(email="shop@desk.example"))
        for name, verified in PARTIES.items():
            new = NewParty(
                name.lower(),
                name,
                f"{name.lower()}@party.example",
                verified=verified,
                currencies=WITH_WALLETS.get(name, ()),
            )
            parties.create(session, new, at=START, actor=ACTORS["Divine"])


@contextmanager
def on_sqlite(template: Path, folder: Path) -> Iterator[Worlds]:
    """Desks on SQLite: copies of one file."""
    folder.mkdir(exist_ok=True)
    prepared, numbers = folder / "prepared.sqlite3", itertools.count(1)
    shutil.copy(template, folder / FILE)
    with moved_clock():
        runtime = build_runtime(settings_for(f"sqlite:///{folder / FILE}", folder, **MAIL))
        prepare(runtime)
        runtime.db.close()
        shutil.copy(folder / FILE, prepared)

    @contextmanager
    def world() -> Iterator[tuple[Runtime, MovedClock]]:
        with tempfile.TemporaryDirectory(prefix=f"world-{next(numbers)}-", dir=folder) as place, moved_clock() as moved:
            file = shutil.copy(prepared, Path(place) / FILE)
            runtime = build_runtime(settings_for(f"sqlite:///{file}", Path(place), **MAIL))
            yield runtime, moved
            runtime.db.close()

    yield world


@contextmanager
def on_postgresql(server: Server, folder: Path) -> Iterator[Worlds]:
    """Desks on PostgreSQL: one database that is made what it was before each, and its connections, which know its
    catalogue by then. A copy for each desk takes as long as ten steps on it.
    """
    folder.mkdir(exist_ok=True)
    url = server.new_database()
    with moved_clock() as moved, moved.of_postgresql(url) as its_server:
        runtime = _connected(url, folder)
        prepare(runtime)
        kept_connections.leave(runtime.db)
        prepared = CleanState(its_server)

        @contextmanager
        def world() -> Iterator[tuple[Runtime, MovedClock]]:
            assert prepared.restore(its_server, kept_connections.of(url)), "a desk changes more than rows"
            moved.move(START)
            runtime = _connected(url, folder)
            yield runtime, moved
            kept_connections.leave(runtime.db)

        yield world
    server.drop(url)


def _connected(url: str, folder: Path) -> Runtime:
    """A desk that takes the connections that the one before it left, and does not ask whether they are alive."""
    runtime = build_runtime(settings_for(url, folder, **MAIL))
    engine = runtime.db.engine
    for begins in list(engine.dispatch.begin):
        event.remove(engine, "begin", begins)
    event.listen(engine, "connect", _prepares_much)
    kept_connections.take(runtime.db)
    engine.pool._pre_ping = False
    return runtime


def _prepares_much(connection: Any, _record: Any) -> None:
    connection.execute("SET timezone = UTC; SET statement_timeout = 120000; SET lock_timeout = 5000")
    connection.commit()
    connection.prepared_max = 2_000
