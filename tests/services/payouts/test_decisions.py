"""A payout in doubt: its provider's own time first, then a person, then perhaps a second one."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from tests.support.arguments import ByActorUnderSettings, UnderSettings
from tests.support.market import AMINA, CHIKA, DIVINE, all_books_agree, person, undone, wallet
from tests.support.payouts import planned, settled, written
from webapp import clock
from webapp.domain.actors import Actor, job_actor
from webapp.domain.providers.provider_results import NoResponse, ProviderStatus
from webapp.errors import Conflict, NotAllowed, Overtaken
from webapp.models import Alert, Approval, Audit, Payout, PayoutSchedule, Transfer
from webapp.runtime import Runtime
from webapp.services.alerts import registry as alert_registry
from webapp.services.approvals import approvals, limits
from webapp.services.approvals.approvals import DecisionResult
from webapp.services.payouts import creation as payout_creation
from webapp.services.payouts import decisions as payout_decisions
from webapp.services.payouts import detail as payout_detail
from webapp.services.payouts import explanation as payout_explanation
from webapp.services.payouts import payouts
from webapp.services.payouts import settlement as payout_settlement
from webapp.services.payouts.schedules import detail as schedule_detail

JOB = job_actor("deliver_outbox")
THERE = NoResponse("Please provide a unique reference.", is_answer=True, is_there=True)
WHY = "Paystack's support wrote that it was never sent."


def doubted(runtime: Runtime, hours: float = 25) -> int:
    """A payout that its provider may have, for so long."""
    number = written(runtime, planned(runtime))
    with runtime.db.transaction() as session:
        payouts.claim_due(session, clock.now(), 10, timedelta(minutes=3), ["paystack"])
        payout_settlement.settle_all(session, {number: THERE}, at=clock.now(), actor=JOB)
        since = clock.now() - timedelta(hours=hours)
        session.execute(update(Payout).values(doubted_at=since))
    return number


def allow(runtime: Runtime, amount: int) -> None:
    """Everybody's limit."""
    with runtime.db.transaction() as session:
        limits.set_limits(session, {"NGN": amount}, at=clock.now(), actor=DIVINE)


def settle_by(runtime: Runtime, action: str, number: int) -> DecisionResult:
    """Two people decide; answers what the first was told."""
    decided = decide(runtime, action, number)
    assert decided.approval is not None
    how: UnderSettings = {"at": clock.now(), "settings": runtime.settings}
    with runtime.db.transaction() as session:
        approvals.approve(session, decided.approval.id, actor=CHIKA, **how)
    return decided


def decide(runtime: Runtime, action: str, number: int, actor: Actor = AMINA) -> DecisionResult:
    with runtime.db.transaction() as session:
        return payout_decisions.decide(
            session,
            action,
            number,
            WHY,
            version=payouts.get(session, number).version,
            at=clock.now(),
            actor=actor,
            settings=runtime.settings,
        )


def why(runtime: Runtime, number: int) -> str:
    """The first sentence of its page."""
    with runtime.db.reading() as session:
        return payout_explanation.why(payout_detail.read(session, number), clock.now(), runtime.settings)[0]


def now(runtime: Runtime, number: int) -> tuple[str, str, int]:
    """The payout's status, its schedule's, and what is in the wallet."""
    with runtime.db.reading() as session:
        payout = payouts.get(session, number)
        plan = session.get_one(PayoutSchedule, payout.schedule_id)
        return payout.status, plan.status, wallet(session, payout.party_id)


def test_before_the_providers_own_time_nobody_decides(runtime: Runtime) -> None:
    number = doubted(runtime, hours=23)
    allow(runtime, 10_000)
    with pytest.raises(Conflict, match="Its provider is asked until"):
        decide(runtime, "payout.give_back", number)
    assert now(runtime, number) == ("sending", "processing", 6_000)


def test_its_money_goes_back_once_and_no_other_payout_follows(runtime: Runtime) -> None:
    number = doubted(runtime)
    allow(runtime, 10_000)
    assert not settle_by(runtime, "payout.give_back", number).executed
    assert now(runtime, number) == ("failed", "failed", 10_000)
    with pytest.raises(Overtaken):
        decide(runtime, "payout.give_back", number)
    with runtime.db.transaction() as session:
        plan = payouts.get(session, number).schedule_id or 0
        ways = {"NGN": "paystack"}
        payout_creation.create_all(session, [plan], at=clock.now() + timedelta(days=2), actor=JOB, routes=ways)
        assert session.scalar(select(func.count()).select_from(Payout)) == 1
        assert session.scalar(select(Audit.reason).where(Audit.action == "payout.give_back")) == WHY
    settled(runtime, number, ProviderStatus.SUCCEEDED)
    with runtime.db.reading() as session:
        fired = session.scalars(select(Alert.rule).where(Alert.rule.startswith("payout"))).all()
    assert list(fired) == ["payout_contradicted"]
    assert now(runtime, number) == ("failed", "failed", 10_000)
    all_books_agree(runtime)


def test_it_was_paid_moves_nothing_and_is_watched(runtime: Runtime) -> None:
    number = doubted(runtime)
    allow(runtime, 10_000)
    assert "This always takes two people" in settle_by(runtime, "payout.mark_paid", number).sentence
    assert now(runtime, number) == ("succeeded", "processed", 6_000)
    with runtime.db.reading() as session:
        assert payouts.get(session, number).recheck_at is not None
        assert session.scalar(select(func.count()).where(Transfer.kind == "payout_return")) == 0
    settled(runtime, number, ProviderStatus.FAILED)
    assert now(runtime, number) == ("failed", "failed", 10_000)
    all_books_agree(runtime)


@pytest.mark.parametrize("is_told", [True, False])
def test_two_peoples_word_stands_alone_only_until_its_provider_says_so_too(runtime: Runtime, is_told: bool) -> None:
    number = doubted(runtime)
    allow(runtime, 10_000)
    settle_by(runtime, "payout.mark_paid", number)
    assert "as two people said on" in why(runtime, number)
    assert "its provider has not said so" in why(runtime, number)
    settled(runtime, number, ProviderStatus.PENDING)
    assert "its provider has not said so" in why(runtime, number)
    paid_at = clock.now() - timedelta(days=2) if is_told else None
    for _ in range(2):
        settled(runtime, number, ProviderStatus.SUCCEEDED, paid_at=paid_at)
    told = why(runtime, number)
    assert "has not said so" not in told
    when = f"on {paid_at:%d %B %Y at %H:%M} UTC, by paystack's clock, as two" if paid_at else "its provider says so too"
    assert when in told
    with runtime.db.reading() as session:
        assert session.scalar(select(func.count()).where(Audit.action == "payout.confirm")) == 1
        assert payouts.get(session, number).recheck_at is not None, "it may come back still"
    assert now(runtime, number) == ("succeeded", "processed", 6_000)
    settled(runtime, number, ProviderStatus.REVERSED)
    assert now(runtime, number) == ("reversed", "failed", 10_000)
    all_books_agree(runtime)


def test_above_the_limit_a_second_person_decides_unless_it_was_found_meanwhile(runtime: Runtime) -> None:
    number, found, under_way = doubted(runtime), doubted(runtime), doubted(runtime)
    for each in (number, found, under_way):
        assert not decide(runtime, "payout.give_back", each).executed
        assert now(runtime, each) == ("sending", "processing", 6_000)
    settled(runtime, found, ProviderStatus.SUCCEEDED)
    settled(runtime, under_way, ProviderStatus.PENDING)
    how: UnderSettings = {"at": clock.now(), "settings": runtime.settings}
    with runtime.db.transaction() as session:
        first, second, third = session.scalars(select(Approval.id).order_by(Approval.id))
        with pytest.raises(NotAllowed), undone(session):
            approvals.approve(session, first, actor=person(1, "Amina", "approver"), **how)
        for each in (second, third):
            with pytest.raises(Overtaken), undone(session):
                approvals.approve(session, each, actor=CHIKA, **how)
        approvals.approve(session, first, actor=CHIKA, **how)
    assert now(runtime, number) == ("failed", "failed", 10_000)
    assert now(runtime, found) == ("succeeded", "processed", 6_000)
    all_books_agree(runtime)


def test_an_operator_does_not_decide_and_what_is_in_no_doubt_is_not_decided(runtime: Runtime) -> None:
    number = doubted(runtime)
    with pytest.raises(NotAllowed):
        decide(runtime, "payout.give_back", number, person(6, "Olu", "operator"))
    settled(runtime, number, ProviderStatus.PENDING)
    with pytest.raises(Conflict, match="Its provider is asked until"):
        decide(runtime, "payout.give_back", number, DIVINE)


def test_what_may_have_been_sent_is_not_cancelled_before_the_providers_own_time(runtime: Runtime) -> None:
    """It timed out, and its provider does not show it yet: that is no proof that it never came."""
    number = written(runtime, planned(runtime))
    with runtime.db.transaction() as session:
        payouts.claim_due(session, clock.now(), 10, timedelta(minutes=3), ["paystack"])
    settled(runtime, number, ProviderStatus.ABSENT)
    early: ByActorUnderSettings = {"at": clock.now(), "actor": DIVINE, "settings": runtime.settings}
    late: ByActorUnderSettings = {**early, "at": clock.now() + timedelta(hours=25)}
    with runtime.db.transaction() as session:
        with pytest.raises(Conflict, match="does not show it yet"), undone(session):
            payouts.cancel(session, number, "Wrong account.", **early)
        payouts.cancel(session, number, "Wrong account.", **late)
    assert now(runtime, number) == ("cancelled", "cancelled", 10_000)


@pytest.mark.parametrize(
    ("rule", "values", "subject"),
    [
        ("payout_needs_person", {"needs_person": True, "status": "sent"}, "paystack"),
        ("payout_unsettled", {"created_at": clock.now() - timedelta(hours=25), "status": "sent"}, "paystack"),
        ("payout_in_doubt", {"doubted_at": clock.now() - timedelta(hours=25), "status": "sending"}, "payout p-1"),
    ],
)
def test_what_does_not_go_on_by_itself_calls_a_person(
    runtime: Runtime, rule: str, values: dict[str, object], subject: str
) -> None:
    number = written(runtime, planned(runtime))
    with runtime.db.transaction() as session:
        question = alert_registry.rules()[rule].question
        assert list(question(session, clock.now(), runtime.settings)) == []
        session.execute(update(Payout).where(Payout.id == number).values(ref="p-1", attempts=1, **values))
        [answer] = question(session, clock.now(), runtime.settings)
        assert len(answer) == 3
        about, said, causes = answer
        assert (about, bool(causes)) == (subject, True)
        assert "p-1" in said
        session.execute(update(Payout).values(status="succeeded", needs_person=False, doubted_at=None))
        assert list(question(session, clock.now(), runtime.settings)) == []


def test_what_two_people_marked_as_paid_and_its_provider_failed_was_never_paid(runtime: Runtime) -> None:
    number = doubted(runtime)
    allow(runtime, 10_000)
    settle_by(runtime, "payout.mark_paid", number)
    settled(runtime, number, ProviderStatus.FAILED)
    with runtime.db.reading() as session:
        [said] = session.scalars(select(Alert.sentence).where(Alert.rule == "payout_failed")).all()
    assert "was marked as paid by two people and then failed" in said
    assert "was paid to" not in said


def test_what_is_above_the_limit_and_what_is_above_the_rest_of_the_day_are_told_apart(runtime: Runtime) -> None:
    first, second = _contradicted(runtime), _contradicted(runtime)
    allow(runtime, 3_000)
    said = decide(runtime, "payout.write_off", first).sentence
    assert said == "Proposed. NGN 40.00 is above your limit of NGN 30.00, so a second person decides."
    allow(runtime, 5_000)
    assert decide(runtime, "payout.write_off", second).executed
    third = decide(runtime, "payout.write_off", _contradicted(runtime)).sentence
    assert "NGN 40.00 is more than you may still decide alone today: NGN 10.00 of your NGN 50.00 a day" in third


def _contradicted(runtime: Runtime) -> int:
    """A payout that was paid after its money had come back."""
    number = written(runtime, planned(runtime))
    settled(runtime, number, ProviderStatus.FAILED)
    settled(runtime, number, ProviderStatus.SUCCEEDED)
    return number


def test_a_payouts_page_names_the_proposal_that_waits_and_the_two_who_decided(runtime: Runtime) -> None:
    number = _contradicted(runtime)
    assert decide(runtime, "payout.write_off", number).approval is not None
    with runtime.db.reading() as session:
        file = payout_detail.read(session, number)
        assert file.waiting is not None
        assert "approval.propose" in {moment.action for moment in file.moments}
    assert "Claw it back" not in why(runtime, number)
    with runtime.db.transaction() as session:
        approvals.approve(session, file.waiting.id, actor=CHIKA, at=clock.now(), settings=runtime.settings)
    assert f"{AMINA.name} proposed, and {CHIKA.name} approved on" in why(runtime, number)
    with runtime.db.reading() as session:
        assert payout_detail.read(session, number).waiting is None


def test_a_schedule_whose_payout_was_paid_after_all_says_so(runtime: Runtime) -> None:
    number = _contradicted(runtime)
    with runtime.db.reading() as session:
        plan = schedule_detail.read(session, payouts.get(session, number).schedule_id or 0)
        [reason] = schedule_detail.reasons(plan, clock.now(), {"NGN": "paystack"})
    assert "was paid after all, after its money had come back" in reason.sentence
    assert reason.target is not None
    assert (reason.target.kind, reason.target.id) == ("payout", number)
