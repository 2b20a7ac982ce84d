"""Every decision about money is played, and what it tells to whom is held here: a new one without a scene fails."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.support.arguments import ByActorUnderSettings
from tests.support.money_scenes import JOB, WHOLE, Scene
from tests.support.outbox import payout_of
from tests.support.receivers import with_settings
from webapp import clock
from webapp.domain.providers.provider_results import ProviderResponse, ProviderStatus
from webapp.models import Delivery, Payment, Transfer
from webapp.runtime import Runtime
from webapp.services.approvals import executors
from webapp.services.notifications import fan_out
from webapp.services.notifications.messages import event_messages, money_templates
from webapp.services.payments import settlement as payment_settlement

HERE = Path(__file__).parent
Told = list[tuple[str, str]]


@dataclass
class Play:
    """What is so before a decision, what the decision is about, its own fields, and whom it tells what."""

    before: Callable[[Scene], Any]
    about: Callable[[Scene], int]
    told: Told
    said: dict[str, Any] = field(default_factory=dict)
    is_paid: bool = True


def _nothing(_: Scene) -> None:
    """The order is paid, and that is all."""


def _escrow(scene: Scene) -> int:
    return scene.escrow.id


def _payment(scene: Scene) -> int:
    return scene.payment


def _newest_payment(scene: Scene) -> int:
    return scene.session.scalars(select(Payment.id).order_by(Payment.id.desc())).first() or 0


def _own_payout(scene: Scene) -> int:
    return scene.payout


def _way_out(scene: Scene) -> int:
    out = select(Transfer.id).where(Transfer.escrow_id == scene.escrow.id, Transfer.is_disbursement)
    return scene.session.scalars(out.order_by(Transfer.id.desc())).first() or 0


def _hears(amount: int) -> Callable[[Scene], None]:
    def hear(scene: Scene) -> None:
        how: ByActorUnderSettings = {"at": clock.now(), "actor": JOB, "settings": scene.runtime.settings}
        payment_settlement.settle_all(
            scene.session, {scene.payment: ProviderResponse("r", ProviderStatus.SUCCEEDED, amount, "NGN", "77")}, **how
        )
        scene.session.expire_all()

    return hear


def _by_hand_and_again(scene: Scene) -> None:
    scene.do("payment.mark_paid", scene.payment)
    _hears(WHOLE)(scene)


def _payout(**values: Any) -> Callable[[Scene], None]:
    def make(scene: Scene) -> None:
        made = payout_of(scene.session, scene.seller.id, clock.now())
        for name, value in values.items():
            setattr(made, name, value)
        scene.session.flush()
        scene.payout = made.id

    return make


def _money(scene: Scene) -> None:
    scene.earn(scene.seller, 9_000)


def _owing(scene: Scene) -> None:
    _money(scene)
    scene.do("party.owe", scene.seller.id, **_MONEY | {"reference": "owed-before"})


_MONEY = {"amount": 1_000, "currency": "NGN", "reference": "by-hand"}
_BOTH = ("buyer", "seller")
PLAYS: dict[str, Play] = {
    "dispute.resolve": Play(
        lambda s: s.market.dispute(s.escrow),
        lambda s: 1,
        [*((side, "dispute.resolved") for side in _BOTH), ("buyer", "escrow.refunded")],
        {"resolution": "refund_to_buyer", "code": "policy", "buyer_amount": WHOLE, "seller_amount": 0},
    ),
    "escrow.refund": Play(_nothing, _escrow, [("buyer", "escrow.refunded")]),
    "escrow.release": Play(_nothing, _escrow, [("seller", "escrow.released")]),
    "escrow.void": Play(_nothing, _escrow, [], is_paid=False),
    "party.deposit": Play(_nothing, lambda s: s.seller.id, [], _MONEY),
    "party.owe": Play(_nothing, lambda s: s.seller.id, [], _MONEY),
    "party.repay": Play(_owing, lambda s: s.seller.id, [], _MONEY),
    "payment.accept": Play(_hears(12_000), _payment, [("buyer", "payment.succeeded")], is_paid=False),
    "payment.claw_back": Play(lambda s: s.hear(4_000), _payment, [(side, "payment.decided") for side in _BOTH]),
    "payment.give_again": Play(
        lambda s: s.taken(4_000, "payment.claw_back").hear(), _payment, [(side, "payment.decided") for side in _BOTH]
    ),
    "payment.keep": Play(lambda s: s.twice(), _newest_payment, [("buyer", "payment.decided")]),
    "payment.mark_paid": Play(_nothing, _payment, [("buyer", "payment.succeeded")], is_paid=False),
    "payment.refund": Play(lambda s: s.twice(), _newest_payment, []),
    "payment.refund_rest": Play(lambda s: s.hear(4_000), _payment, [(side, "escrow.refunded") for side in _BOTH]),
    "payment.same_money": Play(_by_hand_and_again, _newest_payment, [], is_paid=False),
    "payment.write_off": Play(lambda s: s.hear(4_000), _payment, [(side, "payment.decided") for side in _BOTH]),
    "payout.claw_back": Play(
        _payout(paid_after_all_at=clock.now()),
        _own_payout,
        [("seller", "payout.clawed_back")],
    ),
    "payout.give_back": Play(_payout(status="sent"), _own_payout, [("seller", "payout.failed")], {"known": "sent"}),
    "payout.mark_paid": Play(_payout(status="sent"), _own_payout, [("seller", "payout.succeeded")], {"known": "sent"}),
    "payout.write_off": Play(_payout(paid_after_all_at=clock.now()), _own_payout, [("seller", "payout.succeeded")]),
    "transfer.reverse": Play(lambda s: s.release(), _way_out, [("seller", "transfer.reversed")]),
    "transfer.reverse_and_refund": Play(
        lambda s: s.release(), _way_out, [("seller", "transfer.reversed"), ("buyer", "escrow.refunded")]
    ),
    "transfer.reverse_and_split": Play(
        lambda s: s.release(),
        _way_out,
        [("seller", "transfer.reversed"), ("buyer", "escrow.split"), ("seller", "escrow.split")],
        {"buyer_amount": 3_000, "seller_amount": 7_000},
    ),
}
"""Who hears nothing of a decision hears of what follows: a refund once it is done, a claim when it is decided."""
_ACCOUNTS, _BANKS = "../payouts/test_destinations.py", "test_chargeback_messages.py"
ELSEWHERE = {
    "chargeback.open": f"{_BANKS}::test_an_open_one_is_told_to_both_neutrally_with_its_sum",
    "chargeback.won": f"{_BANKS}::test_one_that_was_not_granted_is_told_to_both",
    "chargeback.lost": f"{_BANKS}::test_one_that_the_bank_takes_again_before_anybody_decided_is_told_to_both",
    "chargeback.accepted": f"{_BANKS}::test_one_that_the_bank_takes_again_before_anybody_decided_is_told_to_both",
    "refund.covered": f"{_BANKS}::test_a_refund_that_the_bank_made_is_told_to_its_end",
    "refund.uncovered": f"{_BANKS}::test_what_the_bank_left_of_a_refund_and_gave_back_is_told",
    "refund.processed": "test_money_messages.py::test_a_line_says_what_the_entries_say",
    "refund.failed": "test_money_messages.py::test_a_line_says_what_the_entries_say",
    "dispute.opened": "test_messages.py::test_a_party_that_must_answer_gets_one_message_with_the_deadline",
    "dispute.message": "test_messages.py::test_a_party_that_must_answer_gets_one_message_with_the_deadline",
    "order.declined": "test_messages.py::test_a_declined_order_and_payouts_are_told",
    "payout.reversed": "test_payout_messages.py::test_one_that_was_paid_and_came_back_is_told_as_that_once",
    "payout_schedule.failed": "test_payout_messages.py::test_one_that_is_given_up_is_told_once_and_where_its_money_is",
    "party.auto_deducted": "test_messages.py::test_a_party_is_told_what_its_standing_order_took",
    "party.payout_destination_changed": f"{_ACCOUNTS}::test_the_party_is_told_what_may_come_earlier",
    "party.payout_destination_approved": f"{_ACCOUNTS}::test_the_party_is_told_that_a_new_one_was_approved_early",
    "party.payout_destination_rejected": f"{_ACCOUNTS}::test_the_party_is_told_that_a_new_one_was_rejected",
}
"""What no decision of the above tells, and the test that plays it."""


def test_every_decision_has_its_play() -> None:
    assert sorted(PLAYS) == executors.actions()


def test_everything_that_is_told_is_played_somewhere() -> None:
    played = {kind for play in PLAYS.values() for _, kind in play.told}
    assert {*event_messages.TO_PARTIES, *money_templates.SIDES} == played | set(ELSEWHERE)
    for kind, where in ELSEWHERE.items():
        file, _, test = where.partition("::")
        assert f"def {test}(" in (HERE / file).read_text(), kind


@pytest.mark.parametrize("action", sorted(PLAYS))
def test_a_decision_tells_those_whom_it_concerns(sqlite_runtime: Runtime, action: str) -> None:
    place, play = with_settings(sqlite_runtime, smtp_url="smtp://127.0.0.1:9"), PLAYS[action]
    with place.db.transaction() as session:
        scene = Scene(session, place, paid=play.is_paid)
        play.before(scene)
        fan_out.fan_out(session, clock.now(), place.settings)
        last = session.scalars(select(Delivery.id).order_by(Delivery.id.desc())).first() or 0
        scene.do(action, play.about(scene), **play.said)
        fan_out.fan_out(session, clock.now(), place.settings)
        rows = session.scalars(select(Delivery).where(Delivery.id > last).order_by(Delivery.id)).all()
        told = [((row.recipient or "").partition("-")[0], row.kind) for row in rows]
        bodies = [row.body for row in rows]
    assert told == play.told
    assert len(set(bodies)) == len(bodies)
    assert not [body for body in bodies if "{" in body or "  " in body]
