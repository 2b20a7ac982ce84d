"""`desk doctor` is asked in broken set-ups of real servers: it names each fault, and never says that all is well."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from real import servers
from real.place import Place, ask_doctor
from real.setups import ALL
from real.setups.registry import BrokenSetup
from tests.support.postgresql import Server
from webapp.health_checks import ALWAYS_ASKED, CHECKS


@pytest.fixture(scope="module")
def place(pg: Server) -> Iterator[Place]:
    urls: list[str] = []

    def migrated() -> str:
        urls.append(pg.original())
        return urls[-1]

    def empty() -> str:
        urls.append(pg.empty_database())
        return urls[-1]

    # Not pytest's own folder: PgBouncer runs as somebody else when this is root, and that one is closed to others.
    with TemporaryDirectory(prefix="desk-real-") as made, servers.redis(Path(made) / "redis") as port:
        Path(made).chmod(0o755)
        yield Place(Path(made), migrated, empty, port)
    for url in urls:
        pg.drop(url)


def test_a_sound_desk_has_nothing_wrong(place: Place) -> None:
    found = ask_doctor(place.environment(DATABASE_URL=place.database()))
    assert {each.check: each.sentence for each in found.values() if each.verdict != "ok"} == {}


@pytest.mark.parametrize("setup", ALL, ids=lambda setup: setup.name)
def test_the_fault_is_named(place: Place, setup: BrokenSetup) -> None:
    if setup.needs is not None and setup.needs.path is None:
        pytest.skip(setup.needs.install)
    with ExitStack() as stack:
        differs = stack.enter_context(setup.begin(place))
        changes = {"DATABASE_URL": differs.get("DATABASE_URL") or place.database(), **differs}
        found = ask_doctor(place.environment(**changes))[setup.check]
    assert found.verdict == setup.verdict, found
    assert [name for name in setup.names if name not in found.sentence] == [], found.sentence


def test_a_database_that_is_away_is_asked_once(place: Place) -> None:
    """Each more question would wait as long again for one that is cut off: a minute for all of them."""
    found = ask_doctor(place.environment(DATABASE_URL=f"postgresql://postgres@127.0.0.1:{servers.free_port()}/desk"))
    not_asked = {check for check, each in found.items() if each.found == "Not asked: the database can't be used."}
    assert not_asked == set(CHECKS) - ALWAYS_ASKED
    assert {found[check].verdict for check in not_asked} == {"wrong"}
    assert found["redis"].verdict == found["disk"].verdict == "ok"
