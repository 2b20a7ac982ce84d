"""Our books against Blnk's and Paystack's: what differs is named, explained, alerted, and resolved when it agrees."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from tests.providers.conftest import Outfit
from tests.sandbox.conftest import Caller
from tests.services.reconciliation.conftest import send, trade
from tests.support.declared_jobs import runs_of
from tests.support.job_runs import run_job_now
from tests.support.market import Market
from webapp import clock
from webapp.models import Alert, Discrepancy, MirrorEntry, Order, Payment, Reconciliation, Refund
from webapp.runtime import Runtime
from webapp.sandbox import Served
from webapp.sandbox.core.settings import SANDBOX_KEYS

JOB = "verify_books"


@pytest.fixture
def shop(outfit: Outfit, served: Served) -> Runtime:
    """A desk that collects through Paystack."""
    return outfit(paystack_secret_key=SANDBOX_KEYS["PAYSTACK_SECRET_KEY"], paystack_url=f"{served.url}/paystack")


def compare(runtime: Runtime) -> list[Reconciliation]:
    """One hour's comparison; its rows by source."""
    run = run_job_now(runtime, JOB)
    assert run.status == "succeeded", run.error
    with runtime.db.reading() as session:
        rows = select(Reconciliation).where(Reconciliation.run_id == runs_of(runtime, JOB)[-1].id)
        return list(session.scalars(rows.order_by(Reconciliation.source)))


def differing(runtime: Runtime) -> list[tuple[str, str, int | None, int | None]]:
    with runtime.db.reading() as session:
        rows = session.scalars(select(Discrepancy).where(Discrepancy.resolved_at.is_(None)).order_by(Discrepancy.id))
        return [(row.reference, row.kind, row.ours, row.theirs) for row in rows]


def alerting(runtime: Runtime, rule: str = "books_differ") -> list[str]:
    with runtime.db.reading() as session:
        firing = (Alert.rule == rule, Alert.status == "firing")
        return list(session.scalars(select(Alert.sentence).where(*firing)))


def paid(sandbox: Caller, reference: str, amount: int = 10_000, outcome: str = "success") -> None:
    asked = {"email": "ama@example.com", "amount": amount, "reference": reference}
    key = {"Authorization": f"Bearer {SANDBOX_KEYS['PAYSTACK_SECRET_KEY']}"}
    assert sandbox("POST", "/paystack/transaction/initialize", asked, headers=key).status_code == 200
    sandbox.control(f"pay/paystack/{reference}", {"outcome": outcome, "webhook": False})


def payment(runtime: Runtime, reference: str, status: str = "succeeded", *, made: datetime | None = None) -> None:
    with runtime.db.transaction() as session:
        market = Market(session, runtime)
        order = session.get_one(Order, market.escrow().order_id)
        session.add(
            Payment(
                order_id=order.id,
                provider="paystack",
                reference=reference,
                provider_id="1",
                status=status,
                amount=10_000,
                currency="NGN",
                created_at=made or clock.now() - timedelta(hours=3),
            )
        )


def test_blnk_agrees_as_of_what_it_was_sent(outfit: Outfit, desk: Runtime) -> None:
    trade(desk)
    send(desk)
    trade(desk)

    [row] = compare(desk)

    assert (row.source, row.matched > 0, row.different, row.error) == ("blnk", True, 0, None)
    assert differing(desk) == []


def test_a_balance_that_somebody_changed_is_named_until_it_is_right_again(desk: Runtime, sandbox: Caller) -> None:
    trade(desk, 1)
    send(desk)
    balances = sandbox.control("store?kind=blnk.balance", method="GET")["blnk.balance"]
    changed = f"bln_{balances[0]['number']}"
    account = balances[0]["meta_data"]["desk_account"]
    sandbox.control("blnk/adjust", {"balance": changed, "amount": 7})

    [row] = compare(desk)
    assert row.different == 1
    [(reference, kind, ours, theirs)] = differing(desk)
    assert (reference, kind, (theirs or 0) - (ours or 0)) == (f"account-{account}", "different", 7)
    assert alerting(desk) == [f"Our books differ from blnk in 1 thing: account-{account}."]
    compare(desk)
    with desk.db.reading() as session:
        assert session.scalar(select(func.count(Discrepancy.id))) == 1, "the same discrepancy is one row"

    sandbox.control("blnk/adjust", {"balance": changed, "amount": -7})
    compare(desk)
    assert (differing(desk), alerting(desk)) == ([], [])


def test_what_is_on_its_way_is_no_discrepancy(desk: Runtime, sandbox: Caller) -> None:
    trade(desk, 1)
    send(desk)
    with desk.db.transaction() as session:
        session.execute(update(MirrorEntry).values(status="sending"))
    [row] = compare(desk)
    assert (row.different, differing(desk)) == (0, [])


def test_a_ledger_from_before_is_not_compared_before_it_is_mirrored(outfit: Outfit, desk: Runtime) -> None:
    trade(outfit())
    [row] = compare(desk)
    assert "desk ledger mirror" in (row.error or "")
    assert differing(desk) == []


def test_blnk_that_is_away_invents_nothing_and_alerts_after_six_hours(desk: Runtime, sandbox: Caller) -> None:
    trade(desk, 1)
    send(desk)
    sandbox.set_fault("blnk", "*", "error_500", times=99)
    [row] = compare(desk)
    assert (row.error is not None, differing(desk), alerting(desk, "books_not_compared")) == (True, [], [])

    with desk.db.transaction() as session:
        session.execute(update(Reconciliation).values(at=clock.now() - timedelta(hours=7)))
    compare(desk)
    [sentence] = alerting(desk, "books_not_compared")
    assert sentence.startswith("Our books could not be compared with blnk for six hours:")


def test_payments_on_both_sides_agree(shop: Runtime, sandbox: Caller) -> None:
    for number in range(3):
        paid(sandbox, f"pay-{number}")
        payment(shop, f"pay-{number}")

    rows = compare(shop)

    assert [(row.source, row.matched, row.error) for row in rows] == [
        ("paystack-payments", 3, None),
        ("paystack-payouts", 0, None),
        ("paystack-refunds", 0, None),
    ]
    assert differing(shop) == []


def test_each_kind_of_discrepancy_is_named_and_resolved_when_it_agrees(shop: Runtime, sandbox: Caller) -> None:
    paid(sandbox, "theirs-only")
    payment(shop, "ours-only")
    paid(sandbox, "another-amount", 9_000)
    payment(shop, "another-amount")
    paid(sandbox, "another-state")
    payment(shop, "another-state", "failed")
    payment(shop, "under-way", "pending")

    compare(shop)

    assert sorted(differing(shop)) == [
        ("another-amount", "different", 10_000, 9_000),
        ("another-state", "different", 10_000, 10_000),
        ("ours-only", "missing_there", 10_000, None),
        ("theirs-only", "missing_here", None, 10_000),
    ]
    [sentence] = alerting(shop)
    assert sentence.startswith("Our books differ from paystack-payments in 4 things: ")

    paid(sandbox, "ours-only")
    with shop.db.transaction() as session:
        session.execute(update(Payment).where(Payment.reference == "another-amount").values(amount=9_000))
        session.execute(update(Payment).where(Payment.reference == "another-state").values(status="succeeded"))
    payment(shop, "theirs-only")
    compare(shop)
    assert (differing(shop), alerting(shop)) == ([], [])


def test_a_discrepancy_is_not_forgotten_when_its_time_is_over(shop: Runtime, sandbox: Caller) -> None:
    payment(shop, "ours-only")
    compare(shop)
    long_ago = clock.now() - timedelta(days=5)
    with shop.db.transaction() as session:
        session.execute(update(Payment).where(Payment.reference == "ours-only").values(created_at=long_ago))
    compare(shop)
    assert differing(shop) == [("ours-only", "missing_there", 10_000, None)]

    paid(sandbox, "ours-only")
    compare(shop)
    assert differing(shop) == []


def test_a_payment_outside_their_list_is_asked_about_before_it_is_missed(shop: Runtime, sandbox: Caller) -> None:
    paid(sandbox, "begun-long-ago")
    with_old = "UPDATE things SET at = at - 864000 WHERE key = 'begun-long-ago'"
    sandbox.served.store.execute(with_old)
    payment(shop, "begun-long-ago")

    compare(shop)

    assert differing(shop) == []


def test_a_provider_that_breaks_off_invents_nothing(shop: Runtime, sandbox: Caller) -> None:
    payment(shop, "ours-only")
    sandbox.set_fault("paystack", "transactions", "truncated", times=9)
    rows = compare(shop)
    assert [row.source for row in rows if row.error] == ["paystack-payments"]
    assert differing(shop) == []


def test_many_payments_are_compared_in_pages(shop: Runtime, sandbox: Caller) -> None:
    sandbox.control("fill", {"provider": "paystack", "count": 1_200, "prefix": "many-", "amount": 10_000})
    payment(shop, "many-0")
    [payments, _payouts, _refunds] = compare(shop)
    assert (payments.matched, payments.missing_here) == (1, 1_199)


def test_a_refund_by_hand_is_found_without_a_webhook_and_stopped(shop: Runtime, sandbox: Caller) -> None:
    paid(sandbox, "pay-1")
    payment(shop, "pay-1")
    _numbered(shop, sandbox, "pay-1")
    sandbox.control("refund/paystack/pay-1", {"amount": 4_000})
    compare(shop)

    assert differing(shop) == [("pay-1", "different", 0, 4_000)]
    with shop.db.reading() as session:
        found = session.scalars(select(Payment)).one()
        assert (found.status, found.taken_back_amount) == ("needs_review", 4_000)
    compare(shop)
    assert (differing(shop), alerting(shop)) == ([], []), "both books know it now"


def test_refunds_that_are_done_here_have_to_be_there(shop: Runtime, sandbox: Caller) -> None:
    for name in ("given", "kept"):
        paid(sandbox, name)
        payment(shop, name)
        _numbered(shop, sandbox, name)
        _refunded(shop, name)
    sandbox.control("refund/paystack/given", {})
    compare(shop)

    assert differing(shop) == [("kept", "missing_there", 10_000, 0)]
    sandbox.control("refund/paystack/kept", {})
    compare(shop)
    assert differing(shop) == []


def test_reversed_there_is_not_succeeded_here(shop: Runtime, sandbox: Caller) -> None:
    paid(sandbox, "pay-1")
    payment(shop, "pay-1")
    _numbered(shop, sandbox, "pay-1")
    sandbox.control("pay/paystack/pay-1", {"outcome": "reversed"})
    compare(shop)

    assert [row[:2] for row in differing(shop)] == [("pay-1", "different")]
    with shop.db.reading() as session:
        assert session.scalars(select(Payment.status)).all() == ["needs_review"]


def test_what_is_too_young_to_say_is_not_said_to_agree(shop: Runtime, sandbox: Caller) -> None:
    for reference in ("agrees", "under-way", "just-made"):
        paid(sandbox, reference)
    payment(shop, "agrees")
    payment(shop, "under-way", "pending")
    payment(shop, "just-made", made=clock.now() - timedelta(minutes=5))
    payment(shop, "not-listed-yet", made=clock.now() - timedelta(minutes=5))
    paid(sandbox, "a-stranger-who-did-not-pay", outcome="failed")
    payment(shop, "differs", made=clock.now() - timedelta(hours=5))

    [payments, _payouts, _refunds] = compare(shop)

    assert [row[0] for row in differing(shop)] == ["differs"]
    assert (payments.compared, payments.matched, payments.undecided) == (5, 2, 2)
    assert payments.collected_twice == 0


def test_a_discrepancy_of_which_it_is_too_early_to_say_stays_open(shop: Runtime, sandbox: Caller) -> None:
    paid(sandbox, "theirs-only")
    compare(shop)
    payment(shop, "theirs-only", "pending")
    [payments, _payouts, _refunds] = compare(shop)
    assert (payments.undecided, [row[0] for row in differing(shop)]) == (1, ["theirs-only"])


def test_refunds_are_counted_by_payment_and_those_under_way_apart(shop: Runtime, sandbox: Caller) -> None:
    for name in ("given", "under-way", "by-hand", "just-done"):
        paid(sandbox, name)
        payment(shop, name)
        _numbered(shop, sandbox, name)
        if name != "by-hand":
            _refunded(shop, name)
        if name != "just-done":
            sandbox.control(f"refund/paystack/{name}", {"amount": 4_000} if name == "by-hand" else {})
    with shop.db.transaction() as session:
        mine = {row.reference: row.id for row in session.scalars(select(Payment))}
        session.execute(update(Refund).where(Refund.payment_id == mine["under-way"]).values(status="sent"))
        just_now = {"settled_at": clock.now() - timedelta(minutes=5)}
        session.execute(update(Refund).where(Refund.payment_id == mine["just-done"]).values(**just_now))

    [_payments, _payouts, refunds] = compare(shop)

    assert [row[0] for row in differing(shop) if row[1] == "different"] == ["by-hand"]
    assert (refunds.compared, refunds.matched, refunds.different, refunds.undecided) == (4, 1, 1, 2)


def _numbered(runtime: Runtime, sandbox: Caller, reference: str) -> None:
    """The payment has its number at the provider."""
    rows = sandbox.control("store?kind=paystack.transaction", method="GET")["paystack.transaction"]
    [number] = [row["number"] for row in rows if row["key"] == reference]
    with runtime.db.transaction() as session:
        session.execute(update(Payment).where(Payment.reference == reference).values(provider_id=str(number)))


def _refunded(runtime: Runtime, reference: str) -> None:
    with runtime.db.transaction() as session:
        found = session.scalars(select(Payment).where(Payment.reference == reference)).one()
        buyer = session.get_one(Order, found.order_id).buyer_id
        done = clock.now() - timedelta(hours=2)
        session.add(
            Refund(
                payment_id=found.id,
                party_id=buyer,
                provider="paystack",
                amount=10_000,
                currency="NGN",
                status="processed",
                provider_id="77",
                created_at=done,
                settled_at=done,
            )
        )
