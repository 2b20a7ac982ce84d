"""How many SQL statements a decision takes, from its first to its commit: a limit, so that none creeps in again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from tests.support.arguments import OfVersion
from tests.support.market import AMINA, DIVINE, NOW, Market, all_books_agree
from webapp.domain.disputes.resolutions import DisputeResolution
from webapp.domain.states import ApprovalStatus
from webapp.runtime import Runtime
from webapp.services.approvals import approvals, escrow_decisions
from webapp.services.disputes import disputes
from webapp.sql import is_sqlite

WHY = "It is right so."
SPLIT = DisputeResolution("split", "shared_fault", WHY, 6_001, 4_000)


@contextmanager
def statements(runtime: Runtime) -> Iterator[list[str]]:
    """Every statement that is sent meanwhile; a transaction's own BEGIN and settings are none."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if not statement.startswith(("BEGIN", "SET LOCAL")):
            seen.append(" ".join(statement.split()))

    event.listen(runtime.db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(runtime.db.engine, "before_cursor_execute", note)


def sent(runtime: Runtime, decide: Callable[[Session], Any]) -> list[str]:
    """What this decision sends, its commit's own statements included."""
    with statements(runtime) as seen, runtime.db.transaction() as session:
        assert decide(session).executed
    print(*(f"{number:>3} {each[:230]}" for number, each in enumerate(seen, 1)), sep="\n")
    return seen


def test_a_split_takes_at_most_22_statements(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        market = Market(session, runtime)
        market.limit(10**6)
        escrow = market.escrow(10_001)
        dispute = market.dispute(escrow)
    settings = runtime.settings

    said = sent(
        runtime,
        lambda session: disputes.resolve(
            session, dispute.id, SPLIT, version=dispute.version, at=NOW, actor=AMINA, settings=settings
        ),
    )

    assert len(said) <= 22
    all_books_agree(runtime)


def test_a_release_takes_at_most_15_statements(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        market = Market(session, runtime)
        market.limit(10**6)
        escrow = market.escrow(10_001)
    settings = runtime.settings

    said = sent(
        runtime,
        lambda session: escrow_decisions.release(
            session, escrow.id, WHY, version=escrow.version, at=NOW, actor=AMINA, settings=settings
        ),
    )

    assert len(said) <= 15
    all_books_agree(runtime)


def test_an_approval_takes_at_most_26_statements_and_its_escrow_once(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        market = Market(session, runtime)
        escrow = market.escrow(10_001)
    how: OfVersion = {"version": escrow.version, "at": NOW, "actor": AMINA, "settings": runtime.settings}
    with runtime.db.transaction() as session:
        made = escrow_decisions.release(session, escrow.id, WHY, **how).approval
        assert made is not None

    with statements(runtime) as seen, runtime.db.transaction() as session:
        done = approvals.approve(session, made.id, at=NOW, actor=DIVINE, settings=runtime.settings)
    print(*(f"{number:>3} {each[:230]}" for number, each in enumerate(seen, 1)), sep="\n")

    assert done.status == ApprovalStatus.EXECUTED
    assert len(seen) <= 26
    assert sum("FROM escrow " in each and "FOR NO KEY UPDATE" in each for each in seen) == (not is_sqlite(session))
    all_books_agree(runtime)
