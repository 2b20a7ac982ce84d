"""Pages, exports and the API open whatever dates, amounts and names the database holds."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from tests.support.market import Market
from webapp import clock
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import Discrepancy, Escrow, Party, Reconciliation, User
from webapp.runtime import Runtime

SignIn = Callable[..., FlaskClient]

INSTANTS = {
    "the first there is": datetime.min.replace(tzinfo=UTC),
    "the last there is": datetime.max.replace(tzinfo=UTC),
    "the first that is taken": datetime(1970, 1, 1, tzinfo=UTC),
    "the last that is taken": datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC),
}
NAMES = ["x" * 200, "\u202eevil\u202c مرحبا", "👩🏽\u200d🔧" * 20, "<b>&\"'", "=1+1"]
PAGES = ["/", "/escrows", "/escrows?sort=release_at", "/escrows?sort=-release_at&size=25", "/tonight", "/parties"]
EXPORTS = ["/escrows/export.csv", "/escrows/export.csv?sort=release_at", "/parties/export.csv"]


@pytest.mark.parametrize("zone", ["Pacific/Apia", "America/Los_Angeles", "UTC"])
@pytest.mark.parametrize("instant", INSTANTS.values(), ids=INSTANTS.keys())
def test_no_stored_instant_breaks_a_page_an_export_or_an_answer(
    desk: Runtime, sign_in: SignIn, instant: datetime, zone: str
) -> None:
    register_jobs(desk)
    with desk.db.transaction() as session:
        market = Market(session, desk)
        escrows = [market.escrow(amount) for amount in (1, 10**15, 10_000)]
        for number, name in enumerate(NAMES):
            market.party(f"p-{number}").name = name
        session.execute(update(Escrow).values(release_at=instant, created_at=instant))
        session.execute(update(Party).values(verified_at=instant))
        session.execute(update(User).values(zone=zone))
    admin = sign_in("admin")

    for page in [*PAGES, *[f"/escrows/{escrow.id}" for escrow in escrows], f"/parties/{escrows[0].seller_id}"]:
        assert admin.get(page).status_code == 200, page
    for address in EXPORTS:
        answer = admin.get(address)
        assert answer.status_code == 200
        assert len(answer.text.splitlines()) > len(escrows), address
    for address in ("/api/v1/escrows", f"/api/v1/escrows/{escrows[1].id}", "/api/v1/parties"):
        assert admin.get(address).status_code == 200, address


def test_an_amount_in_a_currency_that_nobody_knows_is_shown(desk: Runtime, sign_in: SignIn) -> None:
    now = clock.now()
    with desk.db.transaction() as session:
        session.add(Reconciliation(source="paystack", at=now, missing_here=3))
        for number, currency in enumerate(("ZZZ", "", "usd", None)):
            session.add(
                Discrepancy(
                    source="paystack",
                    kind="missing_here",
                    reference=f"r-{number}",
                    currency=currency,
                    ours=None,
                    theirs=2**63 - 1,
                    detail="Nobody here knows of it.",
                    first_seen_at=now,
                    last_seen_at=now,
                )
            )
    admin = sign_in("admin")

    assert "9,223,372,036,854,775,807 minor units" in admin.get("/reconciliation").text
    assert admin.get("/api/v1/reconciliations").status_code == 200
