"""Two people decide the same many disputes at once, and a third decides one of them: each is decided exactly once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from tests.support.market import NOW, Market, all_books_agree
from tests.support.people import add_people
from webapp.domain.actors import Actor
from webapp.errors import Refusal
from webapp.models import Audit, Dispute, User
from webapp.runtime import Runtime
from webapp.services.disputes import bulk
from webapp.services.disputes.bulk import BulkRequest
from webapp.services.users import users

pytestmark = [pytest.mark.races, pytest.mark.timeout(240)]

CASES = 12
REFUND = BulkRequest("decide", resolution="refund_to_buyer", code="evidence_for_buyer", reason="Nothing came.")
RELEASE = BulkRequest("decide", resolution="release_to_seller", code="evidence_for_seller", reason="It came.")


def test_what_two_people_decide_at_once_is_decided_once(runtime: Runtime) -> None:
    add_people(runtime)
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=NOW)
        market.limit(1_000_000)
        made = [market.dispute(market.escrow()) for _ in range(CASES)]
        versions = [(dispute.id, dispute.version) for dispute in made]
    with runtime.db.reading() as session:
        people = [
            users.actor_of(user)
            for user in session.scalars(select(User).order_by(User.id))
            if users.actor_of(user).may("money:propose")
        ][:2]
    barrier = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        tasks = [
            pool.submit(decide_all, runtime, asked, actor, order, barrier)
            for asked, actor, order in zip((REFUND, RELEASE), people, (versions, versions[::-1]), strict=True)
        ]
        done, refused = zip(*[task.result(120) for task in tasks], strict=True)
    assert sorted(done[0] + done[1]) == sorted(number for number, _version in versions)
    assert len(refused[0]) + len(refused[1]) == CASES
    assert all("resolved this dispute" in sentence for sentence in refused[0] + refused[1]), refused
    with runtime.db.reading() as session:
        decided = session.execute(select(Dispute.resolution, func.count()).group_by(Dispute.resolution)).all()
        records = session.scalar(select(func.count()).select_from(Audit).where(Audit.action == "dispute.resolve"))
    assert {each.resolution: each[1] for each in decided} == {
        resolution: len(ids)
        for resolution, ids in zip(("refund_to_buyer", "release_to_seller"), done, strict=True)
        if ids
    }
    assert records == CASES
    all_books_agree(runtime)


def decide_all(
    runtime: Runtime, asked: BulkRequest, actor: Actor, versions: list[tuple[int, int]], barrier: threading.Barrier
) -> tuple[list[int], list[str]]:
    """As a run does: each in a transaction of its own."""
    done, refused = [], []
    barrier.wait(30)
    for number, version in versions:
        try:
            with runtime.db.transaction() as session:
                bulk.perform(session, asked, number, version, actor=actor, settings=runtime.settings)
            done.append(number)
        except Refusal as refusal:
            refused.append(str(refusal))
    return done, refused
