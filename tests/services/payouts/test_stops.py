"""An unsent payout waits when its account was changed, and one that was paid after all is somebody's to decide."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from tests.support.arguments import ByActorUnderSettings
from tests.support.market import AMINA, CHIKA, DIVINE, Market, all_books_agree, person, pool, undone, wallet
from tests.support.payouts import planned, settled, written
from tests.support.reversals import spend
from webapp import clock
from webapp.domain.actors import Actor, job_actor
from webapp.domain.providers.provider_results import ProviderResponse, ProviderStatus
from webapp.domain.states import AccountKind
from webapp.errors import Conflict, NotAllowed, Overtaken
from webapp.models import Account, Alert, Audit, Payout, PayoutSchedule
from webapp.runtime import Runtime
from webapp.services.alerts import alerts
from webapp.services.alerts import registry as alert_registry
from webapp.services.approvals import approvals, limits
from webapp.services.approvals.approvals import DecisionResult
from webapp.services.payouts import creation as payout_creation
from webapp.services.payouts import decisions as payout_decisions
from webapp.services.payouts import destinations as payout_destinations
from webapp.services.payouts import detail as payout_detail
from webapp.services.payouts import explanation as payout_explanation
from webapp.services.payouts import payouts
from webapp.services.payouts import rerouting as payout_rerouting
from webapp.services.payouts import settlement as payout_settlement
from webapp.services.payouts.destinations import NewDestination

JOB = job_actor("process_payout_schedules")
OLD, NEW = "Kofi Mensah, 058", "Efua, 044 ···9999"


def move(runtime: Runtime, number: int, *, ago: timedelta = timedelta(days=2)) -> int:
    """Its party has another account, set so long ago."""
    with runtime.db.transaction() as session:
        party, to = payouts.get(session, number).party_id, NewDestination("NGN", "nuban", "044", "9" * 10, "Efua")
        how: ByActorUnderSettings = {"at": clock.now() - ago, "actor": DIVINE, "settings": runtime.settings}
        return payout_destinations.put(session, party, to, **how).id


def take(runtime: Runtime) -> list[payouts.ClaimedPayout]:
    """What would be spoken about now."""
    with runtime.db.transaction() as session:
        return payouts.claim_due(session, clock.now() + timedelta(hours=7), 10, timedelta(minutes=3), ["paystack"])


def answer(runtime: Runtime, number: int) -> str:
    with runtime.db.reading() as session:
        return " ".join(payout_explanation.why(payout_detail.read(session, number), clock.now(), runtime.settings))


def say(runtime: Runtime, number: int, how: Callable[..., Payout], actor: Actor = DIVINE) -> Payout:
    with runtime.db.transaction() as session:
        return how(session, number, version=payouts.get(session, number).version, at=clock.now(), actor=actor)


def fires(runtime: Runtime, rule: str) -> list[str]:
    with runtime.db.reading() as session:
        return [found[1] for found in alert_registry.rules()[rule].question(session, clock.now(), runtime.settings)]


def test_what_was_written_for_a_changed_account_waits_for_a_word(runtime: Runtime) -> None:
    number = written(runtime, planned(runtime))
    assert fires(runtime, "payout_account_changed") == []
    move(runtime, number)
    assert take(runtime) == []
    assert OLD in answer(runtime, number)
    assert f"{NEW} is used now. Say where it goes" in answer(runtime, number)
    [said] = fires(runtime, "payout_account_changed")
    assert "say of each where it goes" in said
    with pytest.raises(NotAllowed):
        say(runtime, number, payout_rerouting.keep_account, AMINA)

    say(runtime, number, payout_rerouting.keep_account)
    assert fires(runtime, "payout_account_changed") == []
    [taken] = take(runtime)
    with runtime.db.reading() as session:
        to = payout_destinations.get(session, taken.destination_id)
        assert (taken.may_send, to.bank_code) == (True, "058")
        kept = session.scalars(select(Audit).where(Audit.action == "payout.keep_account")).one()
        assert OLD in str(kept.after)


def test_a_word_holds_for_the_change_that_it_was_about(runtime: Runtime) -> None:
    number = written(runtime, planned(runtime))
    move(runtime, number)
    say(runtime, number, payout_rerouting.keep_account)
    move(runtime, number)
    assert take(runtime) == []


def test_it_goes_to_the_new_account_when_somebody_says_so_and_that_waits_no_more(runtime: Runtime) -> None:
    number = written(runtime, planned(runtime))
    new = move(runtime, number, ago=timedelta(0))
    with pytest.raises(Conflict, match="is new: nothing is paid to it before"):
        say(runtime, number, payout_rerouting.redirect)
    with runtime.db.transaction() as session:
        payout_destinations.approve(session, new, at=clock.now(), actor=CHIKA, settings=runtime.settings)
    say(runtime, number, payout_rerouting.redirect)
    [taken] = take(runtime)
    assert (taken.may_send, taken.destination_id) == (True, new)
    with pytest.raises(Overtaken):
        say(runtime, number, payout_rerouting.redirect)


def test_a_rejected_account_stops_nothing_any_more(runtime: Runtime) -> None:
    number = written(runtime, planned(runtime))
    new = move(runtime, number, ago=timedelta(0))
    with runtime.db.transaction() as session:
        payout_destinations.reject(session, new, "The party did not ask for it.", at=clock.now(), actor=CHIKA)
    assert [each.may_send for each in take(runtime)] == [True]


def test_what_was_sent_stays_and_what_comes_back_names_its_account(runtime: Runtime) -> None:
    number = written(runtime, planned(runtime))
    take(runtime)
    settled(runtime, number, ProviderStatus.SUCCEEDED)
    move(runtime, number)
    settled(runtime, number, ProviderStatus.REVERSED, "Account closed.")
    assert answer(runtime, number).startswith(f"It came back from {OLD}")
    with runtime.db.reading() as session:
        said = session.scalars(select(Alert.sentence).where(Alert.rule == "payout_failed")).one()
        assert f"was paid to {OLD}" in said


def test_what_may_have_been_sent_to_the_former_account_is_not_turned_to_another(runtime: Runtime) -> None:
    number = written(runtime, planned(runtime))
    take(runtime)
    settled(runtime, number, ProviderStatus.ABSENT)
    move(runtime, number)
    with pytest.raises(Conflict, match="It may have been sent to the former account"):
        say(runtime, number, payout_rerouting.redirect)


def failed_then_paid(runtime: Runtime, *, again: str) -> tuple[int, int]:
    """A payout that failed and went through after all; the one in its place is `unsent`, `paid` or not written."""
    plan = planned(runtime)
    first, second = written(runtime, plan), 0
    take(runtime)
    settled(runtime, first, ProviderStatus.FAILED)
    if again != "none":
        second = written(runtime, plan)
    if again == "paid":
        take(runtime)
        settled(runtime, second, ProviderStatus.SUCCEEDED)
    settled(runtime, first, ProviderStatus.SUCCEEDED)
    return first, second


def decide(runtime: Runtime, action: str, number: int, limit: int = 10_000) -> DecisionResult:
    how: ByActorUnderSettings = {"at": clock.now(), "actor": AMINA, "settings": runtime.settings}
    with runtime.db.transaction() as session:
        limits.set_limits(session, {"NGN": limit}, at=clock.now(), actor=DIVINE)
        version = payouts.get(session, number).version
        return payout_decisions.decide(session, action, number, "Seen at the bank.", version=version, **how)


def books(runtime: Runtime, number: int) -> tuple[str, str, int, int]:
    """The payout, its schedule, and its party's wallet and debt."""
    with runtime.db.reading() as session:
        payout = payouts.get(session, number)
        plan = session.get_one(PayoutSchedule, payout.schedule_id)
        owed = select(Account.balance).where(Account.kind == "receivable", Account.party_id == payout.party_id)
        debt = session.scalars(owed).one_or_none() or 0
        return payout.status, plan.status, wallet(session, payout.party_id), debt


def test_paid_twice_is_an_alert_a_case_and_a_claw_back_to_decide(runtime: Runtime) -> None:
    first, second = failed_then_paid(runtime, again="paid")
    assert books(runtime, first) == ("failed", "processed", 6_000, 0)
    with runtime.db.reading() as session:
        said = session.scalars(select(Alert.sentence).where(Alert.rule == "payout_contradicted")).one()
    assert "It is paid twice" in said
    assert "Claw it back from the party, or write it off" in answer(runtime, first)
    assert decide(runtime, "payout.claw_back", first).executed
    assert books(runtime, first) == ("succeeded", "processed", 2_000, 0)
    with runtime.db.reading() as session:
        assert session.scalars(select(Alert.status).where(Alert.rule == "payout_contradicted")).one() == "resolved"
        assert session.get_one(PayoutSchedule, payouts.get(session, first).schedule_id).payout_id == second
    with pytest.raises(Overtaken):
        decide(runtime, "payout.claw_back", first)
    settled(runtime, first, ProviderStatus.REVERSED)
    assert books(runtime, first)[2:] == (6_000, 0)
    all_books_agree(runtime)


@pytest.mark.parametrize("status", [ProviderStatus.REVERSED, ProviderStatus.FAILED])
def test_what_comes_back_of_two_leaves_the_schedule_paid_by_the_other(runtime: Runtime, status: ProviderStatus) -> None:
    first, second = failed_then_paid(runtime, again="paid")
    decide(runtime, "payout.claw_back", first)
    settled(runtime, second, status)
    assert books(runtime, second) == (str(status), "processed", 6_000, 0)
    with runtime.db.reading() as session:
        plan = session.get_one(PayoutSchedule, payouts.get(session, first).schedule_id)
        assert plan.payout_id == first
        again = payouts.retry_disabled_reason(payouts.get(session, second), plan, clock.now())
        firing = (Alert.rule == "payout_failed", Alert.status == "firing")
        assert session.scalars(select(Alert.sentence).where(*firing)).all() == [], "nobody has anything to do"
    assert "was followed by another payout already" in again
    all_books_agree(runtime)


def test_what_the_wallet_lacks_is_the_partys_debt_and_a_write_off_is_the_platforms_loss(runtime: Runtime) -> None:
    for action, left in (("payout.claw_back", (0, -2_000)), ("payout.write_off", (2_000, 0))):
        first, _ = failed_then_paid(runtime, again="paid")
        with runtime.db.transaction() as session:
            party = payouts.get(session, first).party_id
            spend(Market(session, runtime, at=clock.now()), party, 4_000)
        assert decide(runtime, action, first).executed
        assert books(runtime, first) == ("succeeded", "processed", *left)
    all_books_agree(runtime)


def test_what_a_claw_back_left_as_a_debt_is_met_first_when_it_comes_back(runtime: Runtime) -> None:
    first, _ = failed_then_paid(runtime, again="paid")
    with runtime.db.transaction() as session:
        party = payouts.get(session, first).party_id
        spend(Market(session, runtime, at=clock.now()), party, 4_000)
    for _ in range(2):  # The same when it is paid after all, and comes back, once more.
        assert decide(runtime, "payout.claw_back", first, 10**9).executed
        assert books(runtime, first)[2:] == (0, -2_000)
        settled(runtime, first, ProviderStatus.REVERSED)
        assert books(runtime, first)[2:] == (2_000, 0)
        with runtime.db.reading() as session:
            said = answer(runtime, first)
        assert "NGN 20.00 of it meets the debt that its claw-back had left" in said
        settled(runtime, first, ProviderStatus.SUCCEEDED)
    all_books_agree(runtime)


def test_the_unsent_one_in_its_place_waits_and_is_cancelled_first(runtime: Runtime) -> None:
    first, second = failed_then_paid(runtime, again="unsent")
    assert [(each.id, each.may_send) for each in take(runtime)] == [(first, False)]
    assert "was paid after all" in answer(runtime, second)
    with pytest.raises(Conflict, match="Cancel that one first"):
        decide(runtime, "payout.claw_back", first)
    with runtime.db.transaction() as session:
        payouts.cancel(session, second, "Paid.", at=clock.now(), actor=DIVINE, settings=runtime.settings)
    assert decide(runtime, "payout.claw_back", first).executed
    assert books(runtime, first) == ("succeeded", "processed", 6_000, 0)


def test_nothing_more_of_its_schedule_is_paid_before_that_is_decided(runtime: Runtime) -> None:
    first, _ = failed_then_paid(runtime, again="none")
    assert books(runtime, first) == ("failed", "failed", 10_000, 0)
    with runtime.db.transaction() as session:
        plan = payouts.get(session, first).schedule_id or 0
        session.execute(update(PayoutSchedule).values(status="pending"))
        routes = {"NGN": "paystack"}
        [refused] = payout_creation.create_all(session, [plan], at=clock.now(), actor=JOB, routes=routes).refused
    assert "was paid after all" in refused.sentence


def test_when_it_comes_back_once_more_nobody_has_it_twice_and_the_case_ends(runtime: Runtime) -> None:
    first, _ = failed_then_paid(runtime, again="paid")
    settled(runtime, first, ProviderStatus.REVERSED)
    assert books(runtime, first) == ("failed", "processed", 6_000, 0)
    with runtime.db.transaction() as session:
        assert session.scalars(select(Alert.status).where(Alert.rule == "payout_contradicted")).one() == "resolved"
        assert payouts.get(session, first).paid_after_all_at is None
    with pytest.raises(Overtaken):
        decide(runtime, "payout.claw_back", first)
    settled(runtime, first, ProviderStatus.SUCCEEDED)
    with runtime.db.reading() as session:
        assert "firing" in session.scalars(select(Alert.status).where(Alert.rule == "payout_contradicted")).all()


def test_one_that_ended_unpaid_is_asked_about_for_a_while(runtime: Runtime) -> None:
    number = written(runtime, planned(runtime))
    take(runtime)
    settled(runtime, number, ProviderStatus.FAILED)
    assert "in case it was paid after all" in answer(runtime, number)
    with runtime.db.transaction() as session:
        session.execute(update(Payout).values(recheck_at=clock.now()))
    assert [(each.id, each.may_send) for each in take(runtime)] == [(number, False)]


def test_under_way_for_long_it_alerts_and_two_people_settle_it_by_what_its_provider_shows(runtime: Runtime) -> None:
    number = written(runtime, planned(runtime))
    take(runtime)
    settled(runtime, number, ProviderStatus.PENDING)
    with pytest.raises(Conflict, match="Its provider is asked until"):
        decide(runtime, "payout.give_back", number)
    long_ago = clock.now() - timedelta(hours=25)
    with runtime.db.transaction() as session:
        session.execute(update(Payout).values(created_at=long_ago, sent_at=long_ago))
    [said] = fires(runtime, "payout_unsettled")
    assert "ask now" in said
    decided = decide(runtime, "payout.give_back", number, 10**9)
    assert (decided.executed, books(runtime, number)[2]) == (False, 6_000)


def test_never_sent_for_long_it_alerts_too(runtime: Runtime) -> None:
    number = written(runtime, planned(runtime))
    with runtime.db.transaction() as session:
        session.execute(update(Payout).values(created_at=clock.now() - timedelta(hours=25)))
    assert len(fires(runtime, "payout_unsettled")) == 1
    move(runtime, number)
    assert (len(fires(runtime, "payout_unsettled")), len(fires(runtime, "payout_account_changed"))) == (0, 1)


def test_what_its_provider_does_not_know_for_a_day_is_not_sent_for_ever_and_can_be_cancelled(runtime: Runtime) -> None:
    number = written(runtime, planned(runtime))
    take(runtime)
    settled(runtime, number, ProviderStatus.ABSENT)
    long_ago = clock.now() - timedelta(hours=25)
    with runtime.db.transaction() as session:
        session.execute(update(Payout).values(created_at=long_ago, sent_at=long_ago))
    assert [each.may_send for each in take(runtime)] == [False]
    settled(runtime, number, ProviderStatus.ABSENT)
    assert "Cancel it" in answer(runtime, number)
    with runtime.db.transaction() as session:
        with pytest.raises(NotAllowed), undone(session):
            payouts.claim_one(session, number, timedelta(minutes=3), at=clock.now(), actor=person(9, "V", "viewer"))
        payouts.cancel(session, number, "Not there.", at=clock.now(), actor=DIVINE, settings=runtime.settings)
    assert books(runtime, number)[2] == 10_000


def test_what_was_written_off_and_comes_back_is_the_platforms_and_what_was_clawed_back_the_partys(
    runtime: Runtime,
) -> None:
    for action, left in (("payout.write_off", 6_000), ("payout.claw_back", 6_000)):
        first, _ = failed_then_paid(runtime, again="paid")
        for _ in range(3):  # It may be paid after all, and come back, more than once.
            assert decide(runtime, action, first, 10**9).executed
            settled(runtime, first, ProviderStatus.REVERSED)
            assert books(runtime, first)[2:] == (left, 0)
            assert losses(runtime) == 0
            settled(runtime, first, ProviderStatus.SUCCEEDED)
    all_books_agree(runtime)


def losses(runtime: Runtime) -> int:
    with runtime.db.reading() as session:
        return pool(session, AccountKind.LOSSES)


def test_one_that_may_have_gone_is_asked_about_after_a_person_ended_it(runtime: Runtime) -> None:
    number, other, unsent = (written(runtime, planned(runtime)) for _ in range(3))
    take(runtime)
    settled(runtime, number, ProviderStatus.ABSENT)
    settled(runtime, other, ProviderStatus.PENDING)
    long_ago = clock.now() - timedelta(hours=25)
    with runtime.db.transaction() as session:
        session.execute(update(Payout).values(created_at=long_ago, sent_at=long_ago))
        session.execute(update(Payout).where(Payout.id == unsent).values(sent_at=None, status="pending"))
        for each in (number, unsent):
            payouts.cancel(session, each, "Not now.", at=clock.now(), actor=DIVINE, settings=runtime.settings)
    approval = decide(runtime, "payout.give_back", other).approval
    assert approval is not None
    with runtime.db.transaction() as session:
        approvals.approve(session, approval.id, at=clock.now(), actor=CHIKA, settings=runtime.settings)
        watched = session.scalars(select(Payout.id).where(Payout.recheck_at.is_not(None)).order_by(Payout.id)).all()
    assert list(watched) == [number, other]


def told(runtime: Runtime, number: int, status: ProviderStatus, amount: int) -> None:
    with runtime.db.transaction() as session:
        word = ProviderResponse(payouts.get(session, number).ref, status, amount, "NGN", "TRF_1")
        payout_settlement.settle_all(session, {number: word}, at=clock.now(), actor=job_actor("check_payouts"))


def standing(runtime: Runtime) -> list[tuple[str, int]]:
    """Alerts about other amounts: how each stands, and how often it fired."""
    with runtime.db.reading() as session:
        rows = select(Alert).where(Alert.rule == "payout_other_amount").order_by(Alert.id)
        return [(row.status, row.times) for row in session.scalars(rows)]


@pytest.mark.parametrize("status", [ProviderStatus.SUCCEEDED, ProviderStatus.PENDING])
def test_another_amount_under_our_reference_pages_until_it_is_ours_or_did_not_go(
    runtime: Runtime, status: ProviderStatus
) -> None:
    number = written(runtime, planned(runtime))
    told(runtime, number, status, 1_000)
    told(runtime, number, status, 1_000)
    assert (books(runtime, number)[0], standing(runtime)) == ("sent", [("firing", 1)])
    with runtime.db.reading() as session:
        said = session.scalars(select(Alert.sentence).where(Alert.rule == "payout_other_amount")).one()
        assert len(session.scalars(select(Audit).where(Audit.action == "payout.other_amount")).all()) == 1
    assert "is over NGN 40.00; paystack says that NGN 10.00" in said.replace("\xa0", " ")
    told(runtime, number, ProviderStatus.SUCCEEDED, 4_000)
    assert (books(runtime, number)[0], standing(runtime)) == ("succeeded", [("resolved", 1)])


def test_another_amount_of_one_whose_money_came_back_stops_its_schedule(runtime: Runtime) -> None:
    number = written(runtime, planned(runtime))
    settled(runtime, number, ProviderStatus.FAILED)
    assert books(runtime, number)[:2] == ("failed", "pending")
    told(runtime, number, ProviderStatus.SUCCEEDED, 1_000)
    assert (books(runtime, number), standing(runtime)) == (("failed", "failed", 10_000, 0), [("firing", 1)])
    with runtime.db.transaction() as session:
        [alert] = session.scalars(select(Alert.id).where(Alert.rule == "payout_other_amount"))
        alerts.resolve_by_hand(session, alert, "The party sent it back.", actor=DIVINE, at=clock.now())
    told(runtime, number, ProviderStatus.SUCCEEDED, 1_000)
    assert standing(runtime) == [("resolved", 1)], "what a person settled is no news"
    told(runtime, number, ProviderStatus.SUCCEEDED, 2_000)
    assert standing(runtime) == [("resolved", 1), ("firing", 1)]
    told(runtime, number, ProviderStatus.REVERSED, 2_000)
    assert standing(runtime) == [("resolved", 1), ("resolved", 1)]
