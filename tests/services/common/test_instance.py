"""A copy beside its original: nothing leaves it until an admin says which one is the original, and why."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.conftest import settings_for
from tests.support.market import AMINA, CHIKA, DIVINE, NOW, VIEWER
from tests.support.postgresql import Server
from webapp.domain.actors import Actor
from webapp.errors import Conflict, Invalid, NotAllowed
from webapp.models import Audit, StoredSetting
from webapp.runtime import Runtime, build_runtime
from webapp.services.common import instance, kill_switch
from webapp.services.common.identity_file import NAME

WHY = "The machine of the other one burnt down."


def started(runtime: Runtime) -> Runtime:
    """A desk whose first process has started."""
    with runtime.db.transaction() as session:
        instance.record_first_start(session)
    return runtime


def problem(runtime: Runtime) -> str:
    with runtime.db.reading() as session:
        return instance.mismatch(session)


def host(runtime: Runtime, folder: Path, url: str = "", **given: str) -> Runtime:
    """Another host of the desk, or of another database, with a folder of its own."""
    return build_runtime(settings_for(url or runtime.db.url, folder, **given))


def confirmed(runtime: Runtime, why: str = WHY, actor: Actor = DIVINE) -> None:
    with runtime.db.transaction() as session:
        instance.confirm(session, why, at=NOW, actor=actor)


def test_the_first_start_writes_down_both_and_no_other_does(runtime: Runtime, tmp_path: Path) -> None:
    assert problem(runtime) == "", "before the first start there is nothing to compare"
    started(runtime)
    kept = (tmp_path / NAME).read_text()
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
    assert problem(started(runtime)) == ""
    assert (tmp_path / NAME).read_text() == kept
    other = host(runtime, tmp_path / "other")
    assert "never seen with this database" in problem(started(other))
    assert not (tmp_path / "other" / NAME).exists()
    other.db.close()


def test_a_host_without_the_folder_joins_by_the_setting(runtime: Runtime, tmp_path: Path) -> None:
    started(runtime)
    sentence = problem(host(runtime, tmp_path / "other"))
    known = sentence.partition("INSTANCE_ID=")[2].split()[0]
    assert problem(host(runtime, tmp_path / "other", instance_id=known)) == ""
    assert "belongs to another desk" in problem(host(runtime, tmp_path, instance_id="another"))


def test_a_copied_file_is_stopped_and_the_original_goes_on(sqlite_runtime: Runtime, tmp_path: Path) -> None:
    """The whole folder is copied, identity and all."""
    started(sqlite_runtime)
    sqlite_runtime.db.close()
    folder = Path(shutil.copytree(tmp_path, tmp_path.with_name("copy")))
    copy = host(sqlite_runtime, folder, f"sqlite:///{folder / 'desk.sqlite3'}")
    assert "is not where the desk's was" in problem(copy)
    assert problem(sqlite_runtime) == ""
    confirmed(copy)
    assert (problem(copy), problem(sqlite_runtime)) == ("", "")
    copy.db.close()


def test_a_copied_database_of_postgresql_is_stopped(pg_runtime: Runtime, pg: Server, tmp_path: Path) -> None:
    """A dump that is restored elsewhere has the same identity, and here the same folder beside it."""
    started(pg_runtime)
    url = pg.new_database()
    copy = host(pg_runtime, tmp_path, url)
    with pg_runtime.db.reading() as session, copy.db.transaction() as restored:
        restored.get_one(StoredSetting, "instance").value = session.get_one(StoredSetting, "instance").value
    assert "is not where the desk's was" in problem(copy)
    with copy.db.transaction() as session, pytest.raises(Conflict, match=r"Outgoing money is stopped. This database"):
        kill_switch.ensure_outgoing_enabled(session)
    confirmed(copy)
    assert (problem(copy), problem(pg_runtime)) == ("", "")
    copy.db.close()
    pg.give_back(url)


def test_a_host_that_keeps_another_identity_is_stopped_until_it_is_confirmed(runtime: Runtime, tmp_path: Path) -> None:
    started(runtime)
    (tmp_path / NAME).write_text('{"id": "0123"}')
    assert "it keeps the identity 0123" in problem(runtime)
    for unreadable in ("", "{", "[]", "{}"):
        (tmp_path / NAME).write_text(unreadable)
        assert "never seen" in problem(runtime)
    confirmed(runtime)
    assert problem(runtime) == ""
    with pytest.raises(Conflict, match="nothing to confirm"):
        confirmed(runtime)
    with runtime.db.reading() as session:
        (record,) = session.scalars(select(Audit).where(Audit.action == "instance.confirm")).all()
        assert (record.actor_name, record.reason) == ("Divine", WHY)


def test_what_is_confirmed_and_not_committed_stays_stopped(sqlite_runtime: Runtime, tmp_path: Path) -> None:
    started(sqlite_runtime)
    (tmp_path / NAME).unlink()
    with pytest.raises(KeyboardInterrupt), sqlite_runtime.db.transaction() as session:
        instance.confirm(session, WHY, at=NOW, actor=DIVINE)
        raise KeyboardInterrupt
    assert problem(sqlite_runtime)


@pytest.mark.parametrize("actor", [VIEWER, AMINA, CHIKA], ids=lambda each: each.name)
def test_only_an_admin_confirms_and_says_why(sqlite_runtime: Runtime, tmp_path: Path, actor: Actor) -> None:
    started(sqlite_runtime)
    (tmp_path / NAME).unlink()
    with pytest.raises(NotAllowed):
        confirmed(sqlite_runtime, actor=actor)
    with pytest.raises(Invalid):
        confirmed(sqlite_runtime, why=" \n")
    assert problem(sqlite_runtime)


def test_what_the_setting_says_is_taken_over_when_it_is_confirmed(runtime: Runtime, tmp_path: Path) -> None:
    started(runtime)
    renamed = host(runtime, tmp_path, instance_id="desk-2")
    confirmed(renamed)
    assert problem(renamed) == ""
    assert "belongs to another desk" in problem(runtime)
    renamed.db.close()
