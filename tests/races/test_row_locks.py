"""Whoever comes second waits for the first and looks then: each lock on a row, on PostgreSQL.

Without its lock the second has looked before the first commits, and writes over what it did.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.races.together import Attempt
from tests.races.waiting import meanwhile
from tests.services.payments.test_payment_decisions import hear, paid, tried
from tests.services.payments.test_payment_decisions import paid as success
from tests.support import money, outbox, payouts
from tests.support.authenticator import HOST, ORIGIN, Authenticator
from tests.support.declared_jobs import OPERATOR
from tests.support.market import CHIKA, DIVINE, NOW, Market, all_books_agree, wallet
from tests.support.people import PASSWORD, SETUP, add_people
from tests.support.reversals import let_go, owes, spend
from webapp import clock
from webapp.domain.actors import job_actor
from webapp.domain.alert_definitions import PAYOUTS_PAUSED
from webapp.domain.money.deduction import DeductionRule
from webapp.domain.providers.provider_results import ProviderResponse, ProviderStatus
from webapp.domain.states import AccountKind, TransferKind
from webapp.errors import Refusal
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import Alert, Event, Payout, PayoutDestination, Refund, Transfer, User
from webapp.providers.webhooks.payloads import SubjectType, WebhookPayload
from webapp.runtime import Runtime
from webapp.services.alerts import alerts
from webapp.services.audit import trail
from webapp.services.ledger import party_sides, transfers
from webapp.services.ledger.accounts import Place
from webapp.services.ledger.posting import MIRRORED
from webapp.services.ledger.transfers import Draft
from webapp.services.notifications import deliveries, delivery_queue, fan_out
from webapp.services.orders import orders
from webapp.services.orders.orders import NewOrder
from webapp.services.parties import auto_deduct
from webapp.services.parties import auto_deduct_mandates as mandates
from webapp.services.parties.auto_deduct_mandates import MandateTerms
from webapp.services.payments import payments
from webapp.services.payments import settlement as payment_settlement
from webapp.services.payments.reversals import decisions as reversal_decisions
from webapp.services.payouts import creation, destinations
from webapp.services.payouts import payouts as sent_payouts
from webapp.services.payouts import settlement as payout_settlement
from webapp.services.payouts.destinations import NewDestination
from webapp.services.payouts.schedules import schedules as payout_schedules
from webapp.services.reconciliation import mirror_queue
from webapp.services.refunds import refunds
from webapp.services.refunds import settlement as refund_settlement
from webapp.services.scheduling import run_progress, runs
from webapp.services.users import passkey_challenges, passkeys, profile, two_factor, users
from webapp.services.users.passkey_challenges import Ceremony, PasskeyUse
from webapp.services.users.relying_party import RelyingParty
from webapp.services.webhooks import endpoints, inbox

pytestmark = [pytest.mark.races, pytest.mark.timeout(120)]

JOB = job_actor("deliver_outbox")
LEASE = timedelta(minutes=3)
Pair = tuple[Attempt, Attempt]


def a_reset_password(runtime: Runtime) -> Pair:
    add_people(runtime)
    with runtime.db.reading() as session:
        user = session.scalars(select(User.id).where(User.email == "agent@desk.example")).one()
    how: Any = {"at": NOW, "actor": SETUP}
    return (
        lambda session: users.reset(session, user, **how),
        lambda session: profile.change_password(
            session, user, PASSWORD, "nine quiet herons", current_session_id=None, **how
        ),
    )


def a_job_that_is_run_by_hand(runtime: Runtime) -> Pair:
    register_jobs(runtime)
    both = (lambda session: runs.trigger(session, "auto_release", actor=OPERATOR),) * 2
    return both[0], both[1]


def a_run_that_begins(runtime: Runtime) -> Pair:
    register_jobs(runtime)
    with runtime.db.transaction() as session:
        run = runs.trigger(session, "auto_release", actor=OPERATOR).id
    return (
        lambda session: run_progress.start(session, run, NOW, LEASE),
        lambda session: runs.cancel(session, run, actor=OPERATOR, at=NOW),
    )


def a_payout_that_is_taken_to_be_sent(runtime: Runtime) -> Pair:
    payout = payouts.written(runtime, payouts.planned(runtime))
    return (
        lambda session: sent_payouts.claim_due(session, clock.now(), 10, LEASE, ["paystack"]),
        lambda session: sent_payouts.cancel(
            session, payout, "No more.", at=clock.now(), actor=DIVINE, settings=runtime.settings
        ),
    )


def a_payout_schedule(runtime: Runtime) -> Pair:
    schedule = payouts.planned(runtime)
    with runtime.db.reading() as session:
        version = payout_schedules.get(session, schedule).version
    terms: Any = {"amount": 5, "due_at": NOW, "guarantee_completion_date": None, "placement": None}
    return (
        lambda session: payout_schedules.cancel(session, schedule, "No more.", at=NOW, actor=DIVINE),
        lambda session: payout_schedules.change(session, schedule, **terms, version=version, at=NOW, actor=DIVINE),
    )


def a_destination_that_is_rejected(runtime: Runtime) -> Pair:
    with runtime.db.transaction() as session:
        party = Market(session, runtime).party()
        to = NewDestination("NGN", "nuban", "058", "0123456789", "Kofi Mensah")
        made = destinations.put(session, party.id, to, at=NOW, actor=DIVINE, settings=runtime.settings).id
    return (
        lambda session: destinations.reject(session, made, "Not theirs.", at=NOW, actor=CHIKA),
        lambda session: destinations.approve(session, made, at=NOW, actor=CHIKA, settings=runtime.settings),
    )


def an_endpoint(runtime: Runtime) -> Pair:
    made, _ = outbox.endpoint(runtime, "https://example.org/hook")
    return (
        lambda session: endpoints.pause(session, made.id, "It is moved.", at=NOW, actor=DIVINE),
        lambda session: endpoints.pause(session, made.id, "It is ours.", at=NOW, actor=DIVINE),
    )


def an_alert(runtime: Runtime) -> Pair:
    with runtime.db.transaction() as session:
        alerts.fire(session, PAYOUTS_PAUSED, "paystack", "It pays nothing.", NOW)
    with runtime.db.reading() as session:
        alert = session.scalars(select(Alert.id)).one()
    return (
        lambda session: alerts.acknowledge(session, alert, actor=DIVINE, at=NOW),
        lambda session: alerts.acknowledge(session, alert, actor=OPERATOR, at=NOW),
    )


def a_delivery_that_is_being_sent(runtime: Runtime) -> Pair:
    outbox.endpoint(runtime, "https://example.org/hook")
    outbox.happen(runtime, "a.one")
    outbox.spread(runtime)
    [delivery] = outbox.deliveries(runtime)
    return (
        lambda session: delivery_queue.claim(session, clock.now(), LEASE, 10),
        lambda session: deliveries.cancel(session, delivery.id, at=clock.now(), actor=DIVINE),
    )


def an_order_that_is_cancelled(runtime: Runtime) -> Pair:
    with runtime.db.transaction() as session:
        order = tried(Market(session, runtime)).order_id
    return (
        lambda session: orders.cancel(session, order, "No more.", at=NOW, actor=DIVINE),
        lambda session: orders.cancel(session, order, "Not wanted.", at=NOW, actor=DIVINE),
    )


@pytest.mark.parametrize(
    "case",
    [
        a_reset_password,
        a_job_that_is_run_by_hand,
        a_run_that_begins,
        a_payout_that_is_taken_to_be_sent,
        a_payout_schedule,
        a_destination_that_is_rejected,
        an_endpoint,
        an_alert,
        a_delivery_that_is_being_sent,
        an_order_that_is_cancelled,
    ],
)
def test_the_second_waits_for_the_first_and_is_told(pg_runtime: Runtime, case: Callable[[Runtime], Pair]) -> None:
    first, second = case(pg_runtime)
    assert isinstance(meanwhile(pg_runtime, first, second), Refusal)


def test_of_two_accounts_that_are_set_at_once_one_is_in_use(pg_runtime: Runtime) -> None:
    with pg_runtime.db.transaction() as session:
        party = Market(session, pg_runtime).party().id

    def put(number: str) -> Attempt:
        to = NewDestination("NGN", "nuban", "058", number, "Kofi Mensah")
        return lambda session: destinations.put(session, party, to, at=NOW, actor=DIVINE, settings=pg_runtime.settings)

    assert isinstance(meanwhile(pg_runtime, put("0123456789"), put("0123456788")), PayoutDestination)


def test_a_recovery_code_sent_twice_at_once_is_spent_once(pg_runtime: Runtime) -> None:
    add_people(pg_runtime)
    codes = two_factor.Codes(pg_runtime.settings)
    with pg_runtime.db.transaction() as session:
        user = session.scalars(select(User).where(User.email == "agent@desk.example")).one()
        user.totp_secret = codes.new_secret()
        [code, *_] = two_factor.renew_recovery_codes(session, user.id, at=NOW, actor=SETUP)

    def spend_it(session: Session) -> bool:
        return two_factor.accepts(session, user.id, code, codes=codes)

    assert meanwhile(pg_runtime, spend_it, spend_it) is False


def test_of_a_passkey_and_its_copy_that_sign_at_once_one_counts(pg_runtime: Runtime) -> None:
    """Both say the same count: whoever comes second sees what the first has written."""
    add_people(pg_runtime)
    device, party = Authenticator(), RelyingParty(HOST, ORIGIN)
    about: dict[str, Any] = {"party": party, "at": NOW, "actor": SETUP}
    with pg_runtime.db.transaction() as session:
        user = session.scalars(select(User.id).where(User.email == "agent@desk.example")).one()
        adding = Ceremony(PasskeyUse.ADD, user, "session:1")
        made = device.create(passkeys.begin_adding(session, adding, "Phone", party=party, at=NOW))
        challenge = passkey_challenges.take(session, adding, NOW)
        passkeys.add(session, user, "Phone", made, challenge, current_session_id=None, **about)

    def sign(browser: str) -> Attempt:
        ceremony, device.count = Ceremony(PasskeyUse.SIGN_IN, user, browser), 4
        with pg_runtime.db.transaction() as session:
            assertion = device.get(passkeys.begin_use(session, ceremony, party=party, at=NOW))
            challenge = passkey_challenges.take(session, ceremony, NOW)
        return lambda session: passkeys.use(session, ceremony, assertion, challenge, **about).passkey

    assert meanwhile(pg_runtime, sign("session:2"), sign("session:3")) is None


def test_seals_follow_each_other_whoever_is_first(pg_runtime: Runtime) -> None:
    def record(session: Session) -> None:
        trail.record(session, DIVINE, "party.change", ("party", 1), at=NOW)
        trail.seal(session, pg_runtime.settings.audit_key)

    record_first = pg_runtime.db.transaction()
    with record_first as session:
        record(session)
    assert meanwhile(pg_runtime, record, record) is None
    all_books_agree(pg_runtime)


# Money that two count on


def rich(runtime: Runtime, amount: int = 10_000) -> int:
    """A party with so much in its wallet."""
    with runtime.db.transaction() as session:
        market = Market(session, runtime)
        market.limit(10**9)
        return market.party("buyer", wallet=amount).id


def test_two_orders_from_one_wallet_do_not_count_on_the_same_money(pg_runtime: Runtime) -> None:
    buyer = rich(pg_runtime)

    def buy(number: int) -> Attempt:
        return lambda session: orders.create(
            session,
            NewOrder(f"both-{number}", buyer, seller, 6_000, "NGN", terms="wallet"),
            at=NOW,
            actor=DIVINE,
            settings=pg_runtime.settings,
        )

    seller = rich(pg_runtime)
    assert isinstance(meanwhile(pg_runtime, buy(1), buy(2)), Refusal)


def test_two_repayments_do_not_count_on_the_same_money(pg_runtime: Runtime) -> None:
    party = rich(pg_runtime)
    with pg_runtime.db.transaction() as session:
        money.owe(session, party, 9_000, "NGN", reference="owed", at=NOW, actor=DIVINE)

    def repay(number: int) -> Attempt:
        return lambda session: money.repay(
            session, party, 6_000, "NGN", reference=f"repaid-{number}", at=NOW, actor=DIVINE
        )

    assert isinstance(meanwhile(pg_runtime, repay(1), repay(2)), Refusal)


def test_what_was_repaid_at_this_moment_is_not_deducted_again(pg_runtime: Runtime) -> None:
    party = rich(pg_runtime)
    with pg_runtime.db.transaction() as session:
        money.owe(session, party, 4_000, "NGN", reference="owed", at=NOW, actor=DIVINE)
        mandate = mandates.change(
            session, party, "NGN", MandateTerms(True, 50, None, 0), version=0, at=NOW, actor=DIVINE
        )
        number = mandate.id
    outcome = meanwhile(
        pg_runtime,
        lambda session: money.repay(session, party, 3_000, "NGN", reference="repaid", at=NOW, actor=DIVINE),
        lambda session: auto_deduct.deduct_all(
            session, [number], at=NOW, actor=JOB, rule=DeductionRule("Africa/Nairobi")
        ),
    )
    assert outcome.amounts == {"NGN": 500}


def test_two_reversals_from_one_wallet_do_not_count_on_the_same_money(pg_runtime: Runtime) -> None:
    party = rich(pg_runtime, 6_000)
    with pg_runtime.db.transaction() as session:
        money.deposit(session, party, 6_000, "NGN", reference="second", at=NOW, actor=DIVINE)
        spend(Market(session, pg_runtime), party, 4_000)
        deposits = session.scalars(select(Transfer.id).where(Transfer.kind == TransferKind.DEPOSIT)).all()

    def reverse(transfer: int) -> Attempt:
        return lambda session: reversal_decisions.reverse(
            session, transfer, "Wrong.", at=NOW, actor=DIVINE, settings=pg_runtime.settings
        )

    assert isinstance(meanwhile(pg_runtime, *[reverse(each) for each in deposits]), Refusal)


def test_two_claw_backs_of_one_party_do_not_count_on_the_same_money(pg_runtime: Runtime) -> None:
    party = rich(pg_runtime, 8_000)

    def take(number: int) -> Attempt:
        def attempt(session: Session) -> None:
            party_sides.lock_accounts(session, [party], "NGN")
            sides = party_sides.from_party(session, party, 6_000, "NGN")
            clearing = Place(AccountKind.CLEARING, "NGN", owner="paystack")
            drafted = Draft(f"take-{number}", TransferKind.TAKEN_BACK, "NGN", [(clearing, 6_000), *sides])
            transfers.write(session, [drafted], at=NOW)

        return attempt

    assert meanwhile(pg_runtime, take(1), take(2)) is None
    with pg_runtime.db.reading() as session:
        assert (wallet(session, party), owes(session, party)) == (0, 4_000)


def test_two_schedules_of_one_wallet_do_not_count_on_the_same_money(pg_runtime: Runtime) -> None:
    one = payouts.planned(pg_runtime, 6_000)
    with pg_runtime.db.transaction() as session:
        schedule = payout_schedules.get(session, one)
        new = payout_schedules.NewSchedule("beside", schedule.party_id, 6_000, "NGN", schedule.due_at)
        other = payout_schedules.create(session, new, at=NOW, actor=DIVINE).id

    def pay(number: int) -> Attempt:
        return lambda session: creation.create_all(
            session, [number], at=clock.now(), actor=JOB, routes={"NGN": "paystack"}
        )

    outcome = meanwhile(pg_runtime, pay(one), pay(other))
    assert [refused.ref if hasattr(refused, "ref") else refused.label for refused in outcome.refused] == ["beside"]


def test_a_schedule_that_is_changed_at_this_moment_is_paid_as_it_is_then(pg_runtime: Runtime) -> None:
    schedule = payouts.planned(pg_runtime, 4_000)
    with pg_runtime.db.reading() as session:
        known = payout_schedules.get(session, schedule)
    terms: Any = {"due_at": known.due_at, "guarantee_completion_date": None, "placement": None}
    meanwhile(
        pg_runtime,
        lambda session: payout_schedules.change(
            session, schedule, amount=3_000, **terms, version=known.version, at=NOW, actor=DIVINE
        ),
        lambda session: creation.create_all(session, [schedule], at=clock.now(), actor=JOB, routes={"NGN": "paystack"}),
    )
    with pg_runtime.db.reading() as session:
        assert session.scalars(select(Payout.amount)).one() == 3_000


# What two hear of


def test_two_that_heard_of_one_payment_settle_it_once(pg_runtime: Runtime) -> None:
    with pg_runtime.db.transaction() as session:
        payment = tried(Market(session, pg_runtime)).id

    def settle(session: Session) -> Any:
        how: Any = {"at": NOW, "actor": JOB, "settings": pg_runtime.settings}
        return payment_settlement.settle_all(session, {payment: success()}, **how)

    answer = meanwhile(pg_runtime, settle, settle)
    assert not isinstance(answer, Exception)
    assert answer.amounts == {}
    all_books_agree(pg_runtime)


def test_two_that_heard_of_one_payout_settle_it_once(pg_runtime: Runtime) -> None:
    payout = payouts.written(pg_runtime, payouts.planned(pg_runtime))
    with pg_runtime.db.transaction() as session:
        [taken] = sent_payouts.claim_due(session, clock.now(), 10, LEASE, ["paystack"])
    word = ProviderResponse(taken.ref, ProviderStatus.FAILED, taken.amount, taken.currency, "TRF_1")

    def settle(session: Session) -> Any:
        return payout_settlement.settle_all(session, {payout: word}, at=clock.now(), actor=JOB)

    answer = meanwhile(pg_runtime, settle, settle)
    assert not isinstance(answer, Exception)
    assert answer.failed == []
    all_books_agree(pg_runtime)


def refund(runtime: Runtime) -> Refund:
    """One that waits to be sent."""
    with runtime.db.transaction() as session:
        market = Market(session, runtime)
        market.limit(10**9)
        payment = hear(market, tried(market), paid())
        let_go(market, "refund", orders.escrow_of(session, payment.order_id).id)
    with runtime.db.reading() as session:
        return session.scalars(select(Refund)).one()


def test_two_that_heard_of_one_refund_settle_it_once(pg_runtime: Runtime) -> None:
    made = refund(pg_runtime)
    word = ProviderResponse("", ProviderStatus.SUCCEEDED, made.amount, made.currency, "R-1")

    def settle(session: Session) -> Any:
        return refund_settlement.settle_all(session, {made.id: word}, at=clock.now(), actor=JOB)

    meanwhile(pg_runtime, settle, settle)
    with pg_runtime.db.reading() as session:
        told = select(func.count()).select_from(Event).where(Event.type == "refund.processed")
        assert session.scalars(told).one() == 1


# What one takes


def payments_to_ask_about(runtime: Runtime) -> Attempt:
    with runtime.db.transaction() as session:
        tried(Market(session, runtime))
    later = NOW + timedelta(days=3)
    return lambda session: payments.claim_due(session, later, 10, LEASE, ["paystack"])


def payouts_to_send(runtime: Runtime) -> Attempt:
    payouts.written(runtime, payouts.planned(runtime))
    return lambda session: sent_payouts.claim_due(session, clock.now(), 10, LEASE, ["paystack"])


def refunds_to_send(runtime: Runtime) -> Attempt:
    refund(runtime)
    return lambda session: refunds.claim_due(session, clock.now(), 10, LEASE)


def webhooks_to_handle(runtime: Runtime) -> Attempt:
    payload = WebhookPayload("charge.success", "charge.success:1", SubjectType.PAYMENT, "pay-1", {})
    with runtime.db.transaction() as session:
        inbox.store(session, "paystack", b'{"event": "charge.success"}', payload, at=NOW)
    return lambda session: inbox.claim_due(session, NOW, 10, LEASE)


def transfers_to_mirror(runtime: Runtime) -> Attempt:
    with runtime.db.transaction() as session:
        session.info[MIRRORED] = True
        Market(session, runtime).escrow()
    return lambda session: mirror_queue.claim(session, clock.now(), 10)


def events_to_spread(runtime: Runtime) -> Attempt:
    outbox.happen(runtime, "a.one")
    return lambda session: fan_out.fan_out(session, clock.now(), runtime.settings)


@pytest.mark.parametrize(
    "what",
    [
        payments_to_ask_about,
        payouts_to_send,
        refunds_to_send,
        webhooks_to_handle,
        transfers_to_mirror,
        events_to_spread,
    ],
)
def test_what_one_takes_another_leaves(pg_runtime: Runtime, what: Callable[[Runtime], Attempt]) -> None:
    take = what(pg_runtime)
    taken: list[Any] = []
    left = meanwhile(pg_runtime, lambda session: taken.extend(take(session)), take)
    assert taken
    assert left == []
