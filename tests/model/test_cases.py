"""Orders of steps that once went wrong, and breaks of guards that the model has to notice."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.model import bank_cases, payout_cases, worlds
from tests.model.drawn import LAST
from tests.model.machine import DeskMachine
from tests.model.replay import Steps, failure, replay
from webapp.domain import subscriptions as subscription_rules
from webapp.domain.money import shares
from webapp.domain.money.money import Money
from webapp.domain.payments.payment_outcome import PaymentOutcome
from webapp.jobs.engine import chunks
from webapp.jobs.engine.run_control import RunControl
from webapp.models import Escrow, Schedule
from webapp.services.approvals import approvals, escrow_executors, limits, subjects
from webapp.services.common import events
from webapp.services.common.batch_result import Outcome
from webapp.services.common.due import Due
from webapp.services.common.reasons import Reason
from webapp.services.disputes import disputes, handling, warranty_claims
from webapp.services.escrows import disbursement, release
from webapp.services.escrows import due as escrow_due
from webapp.services.ledger import reversal_debts
from webapp.services.notifications.messages import context as message_context
from webapp.services.notifications.messages import event_messages, money_moved, reminders
from webapp.services.payments import settlement as payment_settlement
from webapp.services.payments.chargebacks import chargebacks
from webapp.services.payments.reversals import transfers as reversal_transfers
from webapp.services.read_models import disabled_reasons, escrow_explanation
from webapp.services.refunds import ends as refund_ends
from webapp.services.refunds import settlement as refund_settlement
from webapp.services.scheduling import slots
from webapp.services.storefront import tenants
from webapp.services.subscriptions import expiry
from webapp.services.subscriptions import messages as subscription_messages


def order(who: str = "Divine", **said: Any) -> tuple[str, dict[str, Any]]:
    """Somebody makes an order of Ada's with Ben, paid already, unless something else is said."""
    usual = {
        "terms": "paid",
        "pair": ("Ada", "Ben"),
        "amount": 1_000,
        "currency": "NGN",
        "policy": "deadline",
        "fee": 1,
        "due": 2,
    }
    return "order", {"who": who, "order": usual | said}


def of(name: str, who: str = "Divine", which: int = 0, **more: Any) -> tuple[str, dict[str, Any]]:
    return name, {"who": who, "which": which, **more}


def job(name: str, how: str = "once", hours: int = 1) -> tuple[str, dict[str, Any]]:
    return "job", {"who": "Divine", "job": name, "how": how, "ago": 0, "hours": hours}


def case(what: tuple[str, Any]) -> tuple[str, dict[str, Any]]:
    """Work on a case, which is opened before if there is none."""
    return of("handle", "Amina", what=what)


def tenant(what: str, days: int = 8) -> tuple[str, dict[str, Any]]:
    """A change of a tenant's subscription, which it gets instead if it has none."""
    return "subscription", {"who": "Divine", "tenant": "north", "what": what, "days": days}


RELEASE, REFUND = of("release", "Chika", stale=False), of("refund", "Chika", stale=False)
REFUNDED = [order(terms="unpaid"), of("pay", said="paid"), REFUND]
RELEASE_OLDER = of("release", "Chika", which=1, stale=False)
FREEZE, UNFREEZE = of("freeze", "Amina", lift=False), of("freeze", "Amina", lift=True)
REVERSE = of("reverse", verb="reverse", to_debt=True, share=5)
REVERSAL: dict[str, Any] = {"verb": "reverse", "to_debt": True, "share": 5}
SPLIT = of("resolve", "Chika", resolution="split", share=5, stale=False)
DEPOSIT = (
    "party",
    {"who": "Divine", "party": "Ada", "verb": "deposit", "amount": 7, "currency": "NGN", "mandate": None},
)
LATE = ("answer", {"which": 0, "said": "paid"})
HOURS = job("release_placement_holds", "tick", 5)
TWO_DUE: Steps = [order(), order(pair=("Ben", "Ada")), HOURS]

ONCE_WRONG: dict[str, Steps] = {
    "completed while its money was away, and held again": [
        order(policy="completion", due=None),
        REFUND,
        of("complete"),
        REVERSE,
        UNFREEZE,
        job("release_completed_orders"),
    ],
    "split, and corrected by the same split": [
        order(),
        RELEASE,
        of("reverse", verb="reverse_and_split", to_debt=True, share=5),
        of("reverse", verb="reverse_and_split", to_debt=True, share=5),
    ],
    "taken back while a bank's claim is open, and as it should be": [
        order(terms="unpaid"),
        of("pay", said="paid"),
        RELEASE,
        ("bank_disputes", {"which": 0, "said": "open"}),
        of("reverse", verb="reverse_and_split", to_debt=True, share=5),
        REVERSE,
        UNFREEZE,
        ("bank_disputes", {"which": 0, "said": "won"}),
    ],
    "a success over nothing, said twice": [
        order(terms="unpaid", amount=1),
        of("pay", said="less"),
        LATE,
    ],
    **bank_cases.ONCE_WRONG,
}


@pytest.fixture
def machine(sqlite_template: Path, tmp_path: Path) -> Iterator[type[DeskMachine]]:
    with worlds.on_sqlite(sqlite_template, tmp_path / "worlds") as made:

        class Machine(DeskMachine):
            worlds = staticmethod(made)

        yield Machine


@pytest.mark.parametrize("steps", ONCE_WRONG.values(), ids=ONCE_WRONG)
def test_what_went_wrong_once_goes_right(machine: type[DeskMachine], steps: Steps) -> None:
    replay(machine, steps)


_ALL_HELD = select(Escrow.id, Escrow.release_at).where(Escrow.status == "held")


def slots_without_pause(session: Session, job: str, at: datetime) -> list[int]:
    schedule = session.get_one(Schedule, job)
    schedule.paused_at = None
    session.flush()
    return _claim(session, job, at)


_claim = slots.claim


def undivided(chunk: Any, rows: Any, *, advance: bool, wait: bool = False) -> None:
    """A chunk that is done whole or not at all."""
    chunk._with_retries(rows, advance, wait)


def nothing(*_args: Any, **_kwargs: Any) -> None:
    """What a guard does that is gone."""


def says_nothing(*_args: Any) -> Iterator[Reason]:
    """No reason at all."""
    yield from ()


def doubled_fee(held: Any, fee: int, seller: int) -> Any:
    parts = _divide(held, fee, seller)
    return shares.Shares(parts.buyer, parts.seller - parts.fee, 2 * parts.fee, parts.currency)


def unguarded_mark(session: Any, ids: Any, plan: Any, at: Any, reason: str, _holds: Any = ()) -> None:
    _mark(session, ids, plan, at, reason, [])


def due_early(*, policy: Any, at: Any) -> Any:
    return _due(policy=policy, at=at + timedelta(days=30))


_divide, _mark, _due, _add = shares.divide, release._mark, escrow_due.due, events.add
_told = money_moved._add
Change = tuple[Any, str, Any]
"""A module, the name of a guard in it, and what stands there instead."""
ANY_HELD = Escrow.status == "held"
BROKEN: dict[str, tuple[Steps, list[Change]]] = {
    "a retry pays all that is due": (
        [*TWO_DUE, FREEZE, ("breaks", {"which": 1, "hours": 1}), UNFREEZE, of("retry_failed")],
        [(RunControl, "only_items", nothing)],
    ),
    "one that breaks stops the others": (
        [*TWO_DUE, ("breaks", {"which": 0, "hours": 1})],
        [(chunks.Chunks, "_do", undivided)],
    ),
    "a frozen escrow is released by a person": (
        [order(), FREEZE, RELEASE],
        [(disbursement, "require_free", nothing), (release, "_mark", unguarded_mark)],
    ),
    "a fee is taken twice": (
        [order(), of("open_dispute", kind="dispute"), SPLIT],
        [(shares, "divide", doubled_fee)],
    ),
    "everybody may decide anything alone": (
        [order(amount=30_000), RELEASE],
        [(limits, "spend", lambda *_args: True)],
    ),
    "who proposes approves": (
        [order(amount=30_000), RELEASE, of("second", "Chika", yes=True)],
        [(approvals, "_undecided", lambda session, number, *_: approvals.get(session, number))],
    ),
    "a change since the proposal is not noticed": (
        [order(amount=30_000), RELEASE, of("extend", "Amina", hours=170), of("second", yes=True)],
        [(subjects, "require_unchanged", nothing)],
    ),
    "the switch stops no decision": (
        [order(), job("auto_release", "switch"), RELEASE],
        [(escrow_executors, "ensure_outgoing_enabled", nothing)],
    ),
    "the switch stops no job": (
        [order(), HOURS, job("auto_release", "switch"), job("auto_release")],
        [(release, "ensure_outgoing_enabled", nothing)],
    ),
    "a job pays before its time": (
        [order(due=100), HOURS, job("auto_release")],
        [(escrow_due, "due", due_early), (release, "may_be_paid", lambda *_args: [ANY_HELD])],
    ),
    "a job pays what is frozen": (
        [order(), FREEZE, HOURS, job("auto_release")],
        [
            (escrow_due, "due", lambda *, policy, at: Due(Escrow, _ALL_HELD, (Escrow.release_at, Escrow.id))),
            (release, "may_be_paid", lambda *_args: [ANY_HELD]),
            (release, "_mark", unguarded_mark),
        ],
    ),
    "a reversal's debt is not met": (
        [order(fee=0), RELEASE, order(terms="wallet", pair=("Ben", "Ada")), REVERSE, UNFREEZE, RELEASE_OLDER],
        [(reversal_debts, "to_meet", lambda *_args, **_more: [])],
    ),
    "a transfer is reversed twice": (
        [DEPOSIT, order(), RELEASE, REVERSE, UNFREEZE, RELEASE, DEPOSIT, of("reverse", which=LAST, **REVERSAL)],
        [(reversal_transfers, "check", nothing)],
    ),
    "what is less than the price is held": (
        [order(terms="unpaid"), of("pay", said="less")],
        [(payment_settlement, "evaluate", lambda *_args: (PaymentOutcome.SUCCEED, ""))],
    ),
    "a success after the order was given up is held": (
        [
            order(terms="unpaid"),
            of("pay", said="wait"),
            of("give_up", which=1),
            ("answer", {"which": 0, "said": "paid"}),
        ],
        [(payment_settlement, "evaluate", lambda *_args: (PaymentOutcome.NO_CHANGE, ""))],
    ),
    "a refund that its provider kept is in nobody's wallet": (
        [*REFUNDED, ("refund_answer", {"which": 0, "paid": False})],
        [(refund_ends, "_return_to_wallet", nothing)],
    ),
    "a refund that fails after it was done is known to nobody": (
        [*REFUNDED, ("refund_answer", {"which": 0, "paid": True}), ("refund_answer", {"which": 0, "paid": False})],
        [(refund_settlement, "_settle_ended", nothing)],
    ),
    "a refund of less than was asked is for nobody to look at": (
        [*REFUNDED, ("refund_answer", {"which": 0, "paid": True, "less": True})],
        [(refund_settlement, "ask_a_person", nothing)],
    ),
    "what went back by card is reversed": (
        [order(terms="unpaid"), of("pay", said="paid"), REFUND, REVERSE],
        [(reversal_transfers, "_went_outside", lambda *_args: False)],
    ),
    "what a payer's bank wants back is released": (
        [order(terms="unpaid"), of("pay", said="paid"), ("bank_disputes", {"which": 0, "said": "open"})],
        [(chargebacks, "_freeze", nothing)],
    ),
    "an event is not told": ([order(), FREEZE], [(events, "add", nothing)]),
    "an event is told about another escrow": (
        [order(), order(pair=("Ben", "Ada")), FREEZE],
        [(events, "add", lambda session, event, _subject, *, at: _add(session, event, 1, at=at))],
    ),
    "a party is not told": (
        [order(), RELEASE],
        [(event_messages, "_to_party", says_nothing)],
    ),
    "a letter keeps quiet about the fee": (
        [order(), RELEASE],
        [(money_moved, "_add", lambda moved, row: None if row.kind == "fees" else _told(moved, row))],
    ),
    "a letter tells the whole as a side's part": (
        [order(), of("open_dispute", kind="dispute"), SPLIT],
        [(message_context, "_for_seller", lambda parts: f"you get {Money(parts.buyer + parts.seller, 'NGN')}")],
    ),
    "nobody is reminded of a proposal that lapses": (
        [order(amount=30_000), RELEASE, case(("silence", 65))],
        [(reminders, "_approvers", says_nothing)],
    ),
    "a party is not reminded of its answer": (
        [order(), case(("ask", "seller")), case(("silence", 40))],
        [(reminders, "_parties", says_nothing)],
    ),
    "no warranty claim puts a date off": (
        [order(), of("open_dispute", kind="warranty_claim"), of("withdraw")],
        [(warranty_claims, "cool_down", nothing)],
    ),
    "a party's answer does not end the wait for it": (
        [order(), case(("ask", "seller")), case(("say", ("seller", True)))],
        [(handling, "answered", nothing)],
    ),
    "a party that is silent has no end of its time": (
        [order(), case(("ask", "seller")), case(("silence", 75))],
        [(disputes, "_expire", nothing)],
    ),
    "a party is asked while a decision waits": (
        [order(amount=30_000), of("open_dispute", kind="dispute"), SPLIT, case(("ask", "buyer"))],
        [(handling, "_require_not_proposed", nothing)],
    ),
    "a bank's word is not noted in the case": (
        [order(terms="unpaid"), of("pay", said="paid"), ("bank_disputes", {"which": 0, "said": "open"})],
        [(chargebacks, "_note_in_case", nothing)],
    ),
    "a payment of which its provider knows nothing is asked about for ever": (
        [order(terms="unpaid"), of("pay", said="silent"), ("answer", {"which": 0, "said": "absent", "hours": 25})],
        [(payment_settlement, "_ENDED", {})],
    ),
    "a suspended tenant sells": (
        [tenant("renewed"), tenant("suspended"), order(tenant="north")],
        [(tenants, "admit_orders", nothing)],
    ),
    "a renewal ends what a person suspended": (
        [tenant("renewed"), tenant("suspended"), tenant("renewed", 30)],
        [(subscription_rules, "_kept_by_hand", lambda _state, status: status)],
    ),
    "a tenant is not told": (
        [tenant("renewed")],
        [(subscription_messages, "_write", nothing)],
    ),
    "the calendar suspends nobody": (
        [tenant("renewed", -8), job("expire_subscriptions")],
        [(expiry, "suspend_all", lambda *_args, **_more: Outcome("subscription"))],
    ),
    "a paused job runs": (
        [order(), job("auto_release", "toggle"), job("auto_release", "tick", 25)],
        [(slots, "claim", slots_without_pause)],
    ),
    "a page offers what is refused": (
        [order(), FREEZE, ("next_steps", {"which": 0})],
        [(disabled_reasons, "of", lambda *_args, **_more: "")],
    ),
    "a page keeps quiet about the switch": (
        [order(), job("auto_release", "switch")],
        [(escrow_explanation, "_stop", says_nothing)],
    ),
    "a page says that nothing stands in the way of what is frozen": (
        [order(), FREEZE],
        [(escrow_explanation, "_frozen", says_nothing)],
    ),
    "a page keeps quiet about a seller without a wallet": (
        [order(pair=("Ada", "Cy"))],
        [(escrow_explanation, "_no_wallet", says_nothing)],
    ),
    "a page says that a paused job pays it": (
        [order(), HOURS, job("auto_release", "toggle")],
        [(escrow_explanation, "_nothing", lambda *_args: Reason("Nothing stands in the way."))],
    ),
    **payout_cases.BROKEN,
    **bank_cases.BROKEN,
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_model_notices(machine: type[DeskMachine], monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    steps, changes = BROKEN[name]
    assert failure(machine, steps) == "", "the order goes right while nothing is broken"
    for module, guard, instead in changes:
        monkeypatch.setattr(module, guard, instead)
    assert failure(machine, steps), "nobody notices"
