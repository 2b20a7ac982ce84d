"""What is taken out of Redis is the number of a run, and nothing else is carried out."""

import json
from typing import Any

import fakeredis
import pytest
from rq.exceptions import NoSuchJobError

from webapp.jobs.engine import queue as run_queue
from webapp.jobs.engine.queue import FUNCTION, RunJob


@pytest.fixture
def redis() -> Any:
    return fakeredis.FakeRedis()


def change(redis: Any, payload: list[Any]) -> None:
    """Write over what was enqueued, as whoever can write to Redis could."""
    redis.hset("rq:job:run-7-1", "data", json.dumps(payload))


def test_a_run_is_taken_by_its_number(redis: Any) -> None:
    run_queue.enqueue(redis, 7, 1)
    assert RunJob.fetch("run-7-1", connection=redis).run_id == 7


@pytest.mark.parametrize(
    "payload",
    [
        ["os.system", None, [7], {}],
        [FUNCTION, None, ["7"], {}],
        [FUNCTION, None, [True], {}],
        [FUNCTION, None, [7, 8], {}],
        [FUNCTION, None, [], {}],
        [FUNCTION, None, [7], {"stopping": 1}],
        [FUNCTION, "webapp", [7], {}],
        [FUNCTION, None, [-7], {}],
    ],
    ids=str,
)
def test_anything_else_is_no_run(redis: Any, payload: list[Any]) -> None:
    run_queue.enqueue(redis, 7, 1)
    change(redis, payload)
    with pytest.raises(NoSuchJobError):
        RunJob.fetch("run-7-1", connection=redis)


@pytest.mark.parametrize("name", ["success_callback_name", "failure_callback_name", "stopped_callback_name"])
def test_a_run_that_names_what_follows_it_is_none(redis: Any, name: str) -> None:
    run_queue.enqueue(redis, 7, 1)
    redis.hset("rq:job:run-7-1", name, "os.getcwd")
    with pytest.raises(NoSuchJobError):
        RunJob.fetch("run-7-1", connection=redis)
