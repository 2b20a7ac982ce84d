"""The release before this one and this one at work on one desk, while its database is migrated and money moves."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from soak import releases
from soak.processes import Started, execute
from soak.releases import NoSuchRelease, unpack
from soak.report import figures, is_clean
from soak.run import Plan, soak
from soak.world import Size
from tests.faults.test_deploys import OLD
from tests.support.forked import Forked

pytestmark = [pytest.mark.faults, pytest.mark.long, pytest.mark.timeout(300)]


def begin(command: Sequence[str], environment: Mapping[str, str], log: Path, user: str | None) -> Started:
    """Fork the desk's commands of this release from a process that has imported it; execute all others."""
    if command[0] == sys.executable and not environment.get("PYTHONSAFEPATH"):
        return Forked(command[1:], environment, Path.cwd(), log)
    return execute(command, environment, log, user)


def test_neither_stops_the_other_and_books_agree(tmp_path: Path) -> None:
    try:
        unpack(releases.PREVIOUS, tmp_path)
    except NoSuchRelease as missing:
        pytest.skip(f"The release before is not in this checkout's history: {missing}")
    assert sorted(tmp_path.glob("webapp/migrations/versions/0*"))[-1].name.startswith(OLD)
    plan = Plan(
        seed=11,
        seconds=20,
        size=Size(webs=2, workers=2, schedulers=1),
        shops=1,
        people=0,
        faults_per_minute=20,
        most_faults=1,
        weights={"worker_killed": 1.0},
        pause=0.6,
        probe_pause=1.0,
        previous=releases.PREVIOUS,
    )
    found = figures(soak(plan, begin))

    assert is_clean(found), found
    assert found["rolled"]["side_by_side"] > 0
    assert set(found["restarts"]) == {"web-1", "web-2", "worker-1", "worker-2", "scheduler-1"}
    assert "500" not in found["attempts"], found["refusals"]
