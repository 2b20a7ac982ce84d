"""Several people take the next case at the same moment: no case goes to two of them, and none is passed over."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.market import NOW, Market
from tests.support.people import add_people
from webapp.domain.actors import Actor
from webapp.domain.permissions import ROLES
from webapp.models import Audit, Dispute, User
from webapp.runtime import Runtime
from webapp.services.disputes import assignment

pytestmark = [pytest.mark.races, pytest.mark.timeout(240)]

TAKERS = 5
CASES = 18
"""The last round finds fewer cases than there are people."""


def cases_waiting(runtime: Runtime) -> list[int]:
    """Their ids, the most urgent first, which is the one that was opened last."""
    made = []
    with runtime.db.transaction() as session:
        for number in range(CASES):
            market = Market(session, runtime, at=NOW - timedelta(hours=number))
            made.append(market.dispute(market.escrow()).id)
    return made[::-1]


def test_each_who_asks_at_once_gets_another_case_the_most_urgent_first(runtime: Runtime) -> None:
    add_people(runtime)
    urgent_first = cases_waiting(runtime)
    with runtime.db.reading() as session:
        people = [(user.id, user.name) for user in session.scalars(select(User).limit(TAKERS))]
    given: list[int] = []
    with ThreadPoolExecutor(TAKERS) as pool:
        while len(given) < CASES:
            barrier = threading.Barrier(TAKERS)
            taken = [future.result(60) for future in [pool.submit(take, runtime, who, barrier) for who in people]]
            cases = sorted(found for found in taken if found is not None)
            expected = urgent_first[len(given) : len(given) + TAKERS]
            assert cases == sorted(expected)
            given += cases
        assert [taken for taken in given if given.count(taken) > 1] == []
    with runtime.db.reading() as session:
        owners = session.scalars(select(Dispute.assignee_id)).all()
        records = session.scalars(select(Audit.subject_id).where(Audit.action == "dispute.take")).all()
    assert None not in owners
    assert sorted(records) == sorted(urgent_first)


def take(runtime: Runtime, person: tuple[int, str], barrier: threading.Barrier) -> int | None:
    barrier.wait(30)
    actor = Actor("user", *person, ROLES["agent"])
    with runtime.db.transaction() as session:
        dispute = assignment.take_next(session, person[0], at=NOW, actor=actor)
        return None if dispute is None else dispute.id
