"""A soak of seconds, on little: it breaks things, nothing is lost, and it leaves nothing running."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil
import pytest

from soak.faults.kinds import KINDS, WEIGHTS
from soak.faults.script import CALM, WAVE, script
from soak.probe import Proof, recovery
from soak.processes import Started
from soak.report import figures, is_clean
from soak.run import Plan, soak
from soak.world import Size
from tests.support.forked import Forked

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]
_CHEAP = (
    "redis_flushed",
    "postgresql_sessions_ended",
    "worker_killed",
    "link_front_cut",
    "link_postgresql_hold_answers",
    "provider_mood",
    "receiver_unwell",
)


def begin(command: Sequence[str], environment: Mapping[str, str], log: Path, _user: str | None) -> Started:
    """Fork the desk's commands from a process that has imported them, instead of importing it all each time."""
    if command[0] == sys.executable:
        return Forked(command[1:], environment, Path.cwd(), log)
    with log.open("ab") as written:
        return subprocess.Popen(command, env=dict(environment), stdout=written, stderr=written, start_new_session=True)


@pytest.mark.long
def test_nothing_is_lost_in_a_world_that_breaks() -> None:
    plan = Plan(
        seed=7,
        seconds=6,
        size=Size(webs=1, workers=1, schedulers=1),
        shops=1,
        people=0,
        faults_per_minute=90,
        most_faults=6,
        weights=dict.fromkeys(_CHEAP, 1.0),
        pause=0.6,
        probe_pause=1.0,
    )
    found = figures(soak(plan, begin))

    assert is_clean(found), found
    assert found["faults"] + sum(found["faults_not_done"].values()) == 6
    assert found["writes"]["party acknowledged"] == 4
    assert [each for each in psutil.Process().children(recursive=True) if "postgres" in each.name()] == []


def test_the_same_seed_makes_the_same_script() -> None:
    first, second = (list(script(3, 600, 40, WEIGHTS)) for _ in range(2))
    assert first == second != list(script(4, 600, 40, WEIGHTS))
    assert {each.kind for each in script(5, 20_000, 40, WEIGHTS)} == set(KINDS)


def test_faults_come_in_waves_with_calm_between() -> None:
    planned = list(script(3, 6_000, 40, WEIGHTS))
    assert all(each.at % (WAVE + CALM) <= WAVE for each in planned)
    assert 3_400 < len(planned) < 4_600


@pytest.mark.parametrize(("ended", "seconds"), [(1.0, 4.0), (2.5, 7.5), (11.0, None)])
def test_recovery_is_measured_by_what_began_after_the_fault(ended: float, seconds: float | None) -> None:
    assert recovery([Proof(0.0, 3.0), Proof(2.0, 5.0), Proof(9.0, 10.0)], ended) == seconds
