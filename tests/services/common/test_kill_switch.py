"""The switch of outgoing money: who may throw it, and that nobody does without a reason."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support import payouts
from tests.support.market import AMINA, CHIKA, DIVINE, NOW, VIEWER
from webapp import clock
from webapp.domain.actors import Actor
from webapp.errors import Conflict, Invalid, NotAllowed
from webapp.models import Audit
from webapp.runtime import Runtime
from webapp.services.common import kill_switch
from webapp.services.payouts.payouts import claim_due


@pytest.mark.parametrize("actor", [VIEWER, AMINA, CHIKA], ids=lambda each: each.name)
def test_only_an_admin_throws_it(sqlite_runtime: Runtime, actor: Actor) -> None:
    with sqlite_runtime.db.transaction() as session:
        with pytest.raises(NotAllowed):
            kill_switch.stop(session, "Fraud wave.", at=NOW, actor=actor)
        assert kill_switch.stopped(session) is None
        kill_switch.stop(session, "Fraud wave.", at=NOW, actor=DIVINE)
        with pytest.raises(NotAllowed):
            kill_switch.resume(session, "It is over.", at=NOW, actor=actor)
        with pytest.raises(Conflict, match=r"stopped by Divine .*: Fraud wave\."):
            kill_switch.ensure_outgoing_enabled(session)


@pytest.mark.parametrize("why", ["", " \n"])
def test_it_is_thrown_with_a_reason_that_is_on_record(sqlite_runtime: Runtime, why: str) -> None:
    with sqlite_runtime.db.transaction() as session:
        for act in (kill_switch.stop, kill_switch.resume):
            with pytest.raises(Invalid):
                act(session, why, at=NOW, actor=DIVINE)
        kill_switch.stop(session, "Fraud wave.", at=NOW, actor=DIVINE)
        kill_switch.resume(session, "It is over.", at=NOW, actor=DIVINE)
        reasons = session.execute(select(Audit.action, Audit.reason).order_by(Audit.pos)).all()
        assert [tuple(row) for row in reasons] == [("money.stop", "Fraud wave."), ("money.resume", "It is over.")]


def test_what_was_written_before_is_sent_only_after_the_switch_is_turned_on_again(runtime: Runtime) -> None:
    payout = payouts.written(runtime, payouts.planned(runtime))
    with runtime.db.transaction() as session:
        kill_switch.stop(session, "Fraud wave.", at=NOW, actor=DIVINE)
    with runtime.db.transaction() as session:
        assert claim_due(session, clock.now(), 10, timedelta(minutes=3), ["paystack"]) == []
        kill_switch.resume(session, "It is over.", at=NOW, actor=DIVINE)
    with runtime.db.transaction() as session:
        taken = claim_due(session, clock.now(), 10, timedelta(minutes=3), ["paystack"])
        assert [each.id for each in taken] == [payout]
