"""The money jobs that call providers: what is due, the call a process is held in, and what must be true at the end."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update

from tests.jobs.periodic.test_process_payout_schedules import sent
from tests.support.arguments import OfVersion
from tests.support.market import AMINA, Market, all_books_agree
from tests.support.outbox import endpoint, happen
from tests.support.payouts import planned
from tests.support.read_back import OPEN_REFUNDS
from tests.support.sandbox import Sandbox, awaiting, begun
from webapp import clock
from webapp.domain.actors import job_actor
from webapp.domain.payments.refund_matching import OWN_TIME
from webapp.domain.providers.provider_results import ProviderResponse, ProviderStatus
from webapp.models import (
    Account,
    Delivery,
    Escrow,
    InboundWebhook,
    MirrorAccount,
    MirrorEntry,
    Order,
    Payment,
    Payout,
    PayoutSchedule,
    ProviderToken,
    Refund,
    Run,
    Transfer,
)
from webapp.providers.webhooks import reader
from webapp.runtime import Runtime
from webapp.sandbox.core.settings import SANDBOX_KEYS
from webapp.services.approvals import escrow_decisions
from webapp.services.payments import settlement as payment_settlement
from webapp.services.webhooks import inbox

ITEMS, AMOUNT = 3, 10_000
MIRRORED = {"ledger": "blnk", "blnk_api_key": SANDBOX_KEYS["BLNK_API_KEY"]}


@dataclass(frozen=True)
class Case:
    """A job, the call in which its process is held, and how many such calls it makes at once.

    `seed` makes it due; `there` counts what the call has done at the provider; `is_done` says that nothing is left to
    settle; `agree` compares their books with ours. `twice` is for a call that the other side may hear twice.
    """

    name: str
    job: str
    provider: str
    call: str
    seed: Callable[[Runtime, Sandbox], None]
    there: Callable[[Sandbox], int]
    is_done: Callable[[Runtime], bool]
    agree: Callable[[Runtime, Sandbox], None]
    calls: int = ITEMS
    effects: int = ITEMS
    twice: bool = False
    more: dict[str, Any] = field(default_factory=dict)


def count(runtime: Runtime, *where: Any) -> int:
    """How many rows there are."""
    with runtime.db.reading() as session:
        return session.scalars(select(func.count()).where(*where)).one()


def theirs(world: Sandbox, kind: str) -> list[dict[str, Any]]:
    """What the sandbox has of a kind."""
    found: list[dict[str, Any]] = world.control(f"store?kind={kind}", method="GET")[kind]
    return found


def come_due(runtime: Runtime) -> None:
    """Let the time pass for which dead processes had taken things, and that anything waits for its next try."""
    past = clock.now() - timedelta(seconds=1)
    columns = (
        Payment.next_check_at,
        Payout.next_try_at,
        Refund.next_try_at,
        InboundWebhook.next_try_at,
        Delivery.next_try_at,
        Delivery.lease_until,
        MirrorEntry.next_try_at,
        ProviderToken.refreshed_at,
        Run.lease_until,
    )
    with runtime.db.transaction() as session:
        for column in columns:
            changed = update(column.class_).where(column.is_not(None)).values({column.key: past})
            session.execute(changed.execution_options(synchronize_session=False))
        long_ago = past - OWN_TIME
        session.execute(update(Refund).where(Refund.last_sent_at.is_not(None)).values(last_sent_at=long_ago))
        session.execute(update(MirrorAccount).values(created_at=past - timedelta(minutes=3)))


# payments


def paid_for(runtime: Runtime, world: Sandbox) -> list[Payment]:
    """Payments that their payers made, and that nobody told us of."""
    made = [begun(runtime, awaiting(runtime, AMOUNT)[1]) for _ in range(ITEMS)]
    for payment in made:
        world.pay(payment.reference)
    return made


def paid(runtime: Runtime, world: Sandbox) -> None:
    """The same, for a case."""
    paid_for(runtime, world)


def told_of(runtime: Runtime, world: Sandbox) -> None:
    """The same, and their webhooks wait to be handled."""
    for payment in paid_for(runtime, world):
        body = {"event": "charge.success", "data": {"reference": payment.reference, "status": "success"}}
        raw = json.dumps(body).encode()
        with runtime.db.transaction() as session:
            inbox.store(session, "paystack", raw, reader.read("paystack", raw), at=clock.now())


def each_is_held_once(runtime: Runtime, world: Sandbox) -> None:
    """Their successes are our holds."""
    assert count(runtime, Payment.status == "succeeded") == ITEMS
    assert count(runtime, Escrow.status == "held") == ITEMS
    assert count(runtime, Order.status == "in_progress") == ITEMS
    assert count(runtime, Transfer.kind == "hold") == ITEMS
    assert sorted(references(runtime)) == sorted(
        row["key"] for row in theirs(world, "paystack.transaction") if row["status"] == "success"
    )
    all_books_agree(runtime)


def references(runtime: Runtime) -> list[str]:
    with runtime.db.reading() as session:
        return [str(each) for each in session.scalars(select(Payment.reference).where(Payment.status == "succeeded"))]


# payouts


def scheduled(runtime: Runtime, world: Sandbox) -> None:
    """Payouts that are due."""
    for _ in range(ITEMS):
        planned(runtime)


def each_is_paid_out_once(runtime: Runtime, world: Sandbox) -> None:
    """Their transfers are our payouts, and the wallets have what is left."""
    with runtime.db.reading() as session:
        ours = dict(session.execute(select(Payout.ref, Payout.amount)).all())
    assert len(ours) == ITEMS
    assert sent(world) == ours
    assert count(runtime, Payout.status == "succeeded") == count(runtime, PayoutSchedule.status == "processed") == ITEMS
    assert count(runtime, Account.kind == "wallet", Account.balance == 6_000) == ITEMS
    all_books_agree(runtime)


# the outbox: webhooks, refunds, the external ledger


def wanted(runtime: Runtime, world: Sandbox) -> None:
    """An event that several endpoints want."""
    for number in range(ITEMS):
        endpoint(runtime, f"{world.served.url}/hooks/shop-{number}", "escrow.released")
    happen(runtime, "escrow.released")


def each_has_one_message(runtime: Runtime, world: Sandbox) -> None:
    """What may come twice comes under the same id, with the same words."""
    came = [(row["parent"], row["headers"]["Webhook-Id"], row["body"]) for row in theirs(world, "hook")]
    assert len(set(came)) == len({name for name, *_ in came}) == ITEMS
    assert count(runtime, Delivery.status == "delivered") == count(runtime, Delivery.id > 0) == ITEMS


def owed(runtime: Runtime, world: Sandbox) -> None:
    """Refunds that are written and not sent."""
    made = paid_for(runtime, world)
    at, actor = clock.now(), job_actor("check_pending_payments")
    words = {
        each.id: ProviderResponse(each.reference or "", ProviderStatus.SUCCEEDED, AMOUNT, "NGN", "1") for each in made
    }
    with runtime.db.transaction() as session:
        Market(session, runtime).limit(10**9)
        payment_settlement.settle_all(session, words, at=at, actor=actor, settings=runtime.settings)
        session.expire_all()
        for escrow in session.scalars(select(Escrow)).all():
            how: OfVersion = {"at": at, "actor": AMINA, "settings": runtime.settings, "version": escrow.version}
            escrow_decisions.refund(session, escrow.id, "Nothing came.", **how)


def each_is_given_back_once(runtime: Runtime, world: Sandbox) -> None:
    """Their refunds are ours."""
    given = theirs(world, "paystack.refund")
    assert sorted(row["parent"] for row in given) == sorted(references(runtime))
    assert [(row["status"], row["amount"]) for row in given] == [("processed", AMOUNT)] * ITEMS
    assert count(runtime, Refund.status == "processed") == count(runtime, Refund.id > 0) == ITEMS
    assert count(runtime, Transfer.kind == "refund") == ITEMS
    all_books_agree(runtime)


def traded(runtime: Runtime, world: Sandbox) -> None:
    """Transfers that the external ledger lacks."""
    with runtime.db.transaction() as session:
        for _ in range(ITEMS):
            Market(session, runtime).escrow(AMOUNT)


def each_is_mirrored_once(runtime: Runtime, world: Sandbox) -> None:
    """Their balances are ours, account by account."""
    with runtime.db.reading() as session:
        balances = select(Account.id, Account.balance).join(MirrorAccount, MirrorAccount.account_id == Account.id)
        ours = {str(account): balance for account, balance in session.execute(balances)}
    found = theirs(world, "blnk.balance")
    assert len(found) == len(ours)
    assert {row["meta_data"]["desk_account"]: row["credit"] - row["debit"] for row in found} == ours
    assert len(theirs(world, "blnk.transaction")) == count(runtime, Transfer.id > 0)
    all_books_agree(runtime)


# the token


def one_good_token(runtime: Runtime, world: Sandbox) -> None:
    """The token that we keep is one that they gave, and they take it."""
    tokens = runtime.providers.clients["flutterwave"].tokens
    assert tokens is not None
    assert tokens.current() in {row["key"] for row in theirs(world, "flutterwave.token")}
    assert count(runtime, ProviderToken.failures == 0) == 1


def due_now(*where: Any) -> Callable[[Runtime], bool]:
    """Nothing is left for which this holds."""
    return lambda runtime: count(runtime, *where) == 0


CASES = (
    Case(
        "payments",
        "check_pending_payments",
        "paystack",
        "verify",
        paid,
        lambda world: ITEMS,
        due_now(Payment.status == "pending"),
        each_is_held_once,
    ),
    Case(
        "payouts",
        "process_payout_schedules",
        "paystack",
        "transfer",
        scheduled,
        lambda world: len(sent(world)),
        due_now(Payout.next_try_at.is_not(None)),
        each_is_paid_out_once,
    ),
    Case(
        "webhooks",
        "deliver_outbox",
        "hooks",
        "receive",
        wanted,
        lambda world: len(theirs(world, "hook")),
        due_now(Delivery.status == "waiting"),
        each_has_one_message,
        twice=True,
    ),
    Case(
        "refunds",
        "deliver_outbox",
        "paystack",
        "refund",
        owed,
        lambda world: len(theirs(world, "paystack.refund")),
        due_now(Refund.status.in_(OPEN_REFUNDS)),
        each_is_given_back_once,
    ),
    Case(
        "mirror",
        "deliver_outbox",
        "blnk",
        "bulk",
        traded,
        lambda world: len(theirs(world, "blnk.transaction")),
        due_now(MirrorEntry.status != "done"),
        each_is_mirrored_once,
        calls=1,
        more=MIRRORED,
    ),
    Case(
        "balances",
        "deliver_outbox",
        "blnk",
        "balances",
        traded,
        lambda world: len(theirs(world, "blnk.balance")),
        due_now(MirrorEntry.status != "done"),
        each_is_mirrored_once,
        calls=2,
        effects=2,
        more=MIRRORED,
    ),
    Case(
        "inbound_webhooks",
        "handle_webhooks",
        "paystack",
        "verify",
        told_of,
        lambda world: ITEMS,
        due_now(InboundWebhook.status == "received"),
        each_is_held_once,
    ),
    Case(
        "token",
        "refresh_flutterwave_token",
        "flutterwave",
        "token",
        lambda runtime, world: None,
        lambda world: len(theirs(world, "flutterwave.token")),
        lambda runtime: count(runtime, ProviderToken.token_encrypted.is_not(None)) == 1,
        one_good_token,
        calls=1,
        effects=1,
        twice=True,
    ),
)
"""Asking about a payment changes nothing at its provider: there, the payer's own action is the effect."""


def named(name: str) -> Case:
    """The case of this name."""
    return next(case for case in CASES if case.name == name)
