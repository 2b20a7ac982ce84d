"""The release before this one and this one at work on one desk, while its database is migrated and money moves."""

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
from tests.soak.test_soak import begin as forked

pytestmark = [pytest.mark.faults, pytest.mark.long, pytest.mark.timeout(300)]


def begin(command: Sequence[str], environment: Mapping[str, str], log: Path, user: str | None) -> Started:
    """Execute what is of the other release, whose code no forked process has imported."""
    how = execute if environment.get("PYTHONSAFEPATH") else forked
    return how(command, environment, log, user)


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
    assert found["rolled"]["migrated_from"] == OLD, "it began as the release before"
    assert set(found["restarts"]) == {"web-1", "web-2", "worker-1", "worker-2", "scheduler-1"}
    assert "500" not in found["attempts"], found["refusals"]
