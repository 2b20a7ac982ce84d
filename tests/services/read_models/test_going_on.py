"""What leaves by itself is told of before: in the sums of the first page, and to whoever decides to move nothing."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from tests.support.market import AMINA, CHIKA, NOW, Market
from webapp.domain.disputes.resolutions import DisputeResolution
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import Escrow, Schedule
from webapp.runtime import Runtime
from webapp.services.disputes import bulk
from webapp.services.disputes.bulk import BulkRequest
from webapp.services.escrows import freezes
from webapp.services.read_models import decision_preview, money_totals

NO_FAULT = DisputeResolution("no_fault", "agreement", "They agreed.")


def due(session: Session, market: Market, **fields: Any) -> Escrow:
    escrow = market.escrow(10_000)
    session.execute(update(Escrow).where(Escrow.id == escrow.id).values(**fields))
    return escrow


def test_only_what_a_run_of_the_next_day_pays_is_leaving(runtime: Runtime) -> None:
    register_jobs(runtime)
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=NOW)
        daily = update(Schedule).where(Schedule.job == "auto_release")
        session.execute(daily.values(cron="0 12 * * *", zone="UTC"))
        due(session, market, release_at=NOW)
        due(session, market, release_at=NOW, blocked="no_wallet")
        due(session, market, release_at=NOW + timedelta(hours=20))

        assert money_totals.summary(session, NOW).leaving_soon.amounts == [("NGN", 1, 10_000)]

        session.execute(daily.values(paused_at=NOW))
        assert money_totals.summary(session, NOW).leaving_soon.amounts == []


@pytest.mark.parametrize(
    ("days", "frozen", "said"),
    [
        (-1, False, "the next run of auto_release pays it"),
        (+9, False, "It is not due until"),
        (-1, True, "It is frozen by Chika"),
    ],
)
def test_a_decision_that_moves_nothing_says_what_becomes_of_the_money(
    runtime: Runtime, days: int, frozen: bool, said: str
) -> None:
    register_jobs(runtime)
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=NOW)
        market.limit(1_000_000)
        escrow = due(session, market, release_at=NOW + timedelta(days=days))
        case = market.dispute(escrow)
        if frozen:
            freezes.freeze(session, escrow.id, "Odd.", at=NOW, actor=CHIKA)

        asked: dict[str, Any] = {"at": NOW, "actor": AMINA, "settings": runtime.settings}
        (warning,) = decision_preview.of_resolution(session, case.id, NO_FAULT, **asked).warnings
        assert said in warning

        request = BulkRequest("decide", resolution="no_fault", code=NO_FAULT.code, reason=NO_FAULT.reason)
        (group,) = bulk.preflight(session, request, [case.id], **asked).groups
        is_paid = days < 0 and not frozen
        assert group.why == ("its time has come: the next run pays the seller" if is_paid else "")
