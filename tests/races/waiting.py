"""Doing something while another's transaction is not over, on PostgreSQL."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from sqlalchemy import text

from tests.races.together import Attempt
from webapp.runtime import Runtime

_POOL = ThreadPoolExecutor(2)
_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")


def meanwhile(runtime: Runtime, first: Attempt, second: Attempt) -> Any:
    """What the second answers or raises, who begins when the first is done and not committed.

    The first commits as soon as the second waits for it, or has ended without.
    """
    with runtime.db.transaction() as session:
        first(session)
        session.flush()
        answer = _POOL.submit(_alone, runtime, second)
        _until_it_waits(runtime, answer)
    return answer.result(60)


def _alone(runtime: Runtime, attempt: Attempt) -> Any:
    try:
        with runtime.db.transaction() as session:
            return attempt(session)
    except Exception as refused:
        return refused


def _until_it_waits(runtime: Runtime, answer: Future[Any]) -> None:
    while not answer.done():
        with runtime.db.engine.connect() as connection:
            if connection.execute(_WAITING).scalar_one():
                return
        time.sleep(0.01)
