"""What is known of a party is set anew; its country not while a payout of it is under way."""

import pytest
from sqlalchemy import select

from tests.support import payouts
from tests.support.market import DIVINE
from webapp import clock
from webapp.domain.providers.provider_results import ProviderStatus
from webapp.errors import Conflict, Invalid
from webapp.models import Audit, Payout
from webapp.runtime import Runtime
from webapp.services.parties import parties


def changed(runtime: Runtime, party_id: int, **given: str) -> str | None:
    with runtime.db.transaction() as session:
        return parties.change(session, party_id, given, at=clock.now(), actor=DIVINE).country


def test_a_country_is_changed_where_no_payout_forbids_it(runtime: Runtime) -> None:
    number = payouts.written(runtime, payouts.planned(runtime))
    with runtime.db.reading() as session:
        payout = session.get_one(Payout, number)
    assert changed(runtime, payout.party_id, country="NG", email="a@b.example") == "NG"
    with pytest.raises(
        Conflict, match=f"Its country is NG, and can't become KE while payout {payout.ref} is under way"
    ):
        changed(runtime, payout.party_id, country="KE")
    with pytest.raises(Invalid):
        changed(runtime, payout.party_id, country="XX")
    payouts.settled(runtime, number, ProviderStatus.SUCCEEDED)
    assert changed(runtime, payout.party_id, country="KE") == "KE"
    assert changed(runtime, payout.party_id, country="KE") == "KE"
    with runtime.db.reading() as session:
        told = select(Audit.before, Audit.after).where(Audit.action == "party.change").order_by(Audit.id)
        rows = [tuple(row) for row in session.execute(told)]
    assert rows[-1] == ('{"country":"NG"}', '{"country":"KE"}')
    assert len(rows) == 2, "the same again is no change"
