"""Breaks of guards about payouts that the model has to notice."""

from typing import Any

from sqlalchemy import false

from tests.model.replay import Steps
from webapp.domain.payouts import payout_outcome
from webapp.domain.payouts.payout_outcome import PayoutOutcome, PayoutTransition
from webapp.domain.states import PayoutStatus
from webapp.jobs.engine.run_control import RunControl
from webapp.services.notifications.messages import paid_before
from webapp.services.payouts import creation, destinations, failures, pauses, returns, settlement, stops
from webapp.services.payouts import decisions as payout_decisions
from webapp.services.payouts import paid_twice_executors as paid_twice
from webapp.services.payouts.schedules import schedules


def nothing(*_args: Any, **_more: Any) -> None:
    """What a guard does that is gone."""


def plan(**said: Any) -> tuple[str, dict[str, Any]]:
    """A payout of Ada's that is due, with an account and money for it."""
    usual = {"party": "Ada", "amount": 1_000, "currency": "NGN", "due": -1, "guarantee": None, "ready": True}
    return "plan", {"who": "Divine", **usual, **said}


def pay(mood: str, how: str = "job", hours: int = 1) -> tuple[str, dict[str, Any]]:
    return "pay_out", {"who": "Divine", "which": 0, "mood": mood, "how": how, "hours": hours}


def turns(state: str | None, heard: str = "hook", which: int = 0) -> tuple[str, dict[str, Any]]:
    return "bank_turns", {"who": "Divine", "which": which, "state": state, "heard": heard}


def account(second: str = "Chika", yes: bool | None = True) -> tuple[str, dict[str, Any]]:
    return "other_destination", {"who": "Divine", "party": "Ada", "second": second, "yes": yes}


def decide(verb: str, hours: int = 0) -> tuple[str, dict[str, Any]]:
    return "decide_payout", {"who": "Chika", "which": 0, "verb": verb, "hours": hours}


SWITCH = ("job", {"who": "Divine", "job": "auto_release", "how": "switch", "ago": 0, "hours": 1})
AGAIN = ("pay_out_again", {"who": "Divine", "mood": "queued"})
CHANGED = ("change_plan", {"who": "Divine", "which": 0, "amount": 400, "due": -1, "keep": True})
YES = ("second", {"who": "Divine", "which": 0, "yes": True})


def failed_by_silence(sent: Any, result: Any) -> Any:
    found = _evaluate(sent, result)
    is_unknown = found.outcome == PayoutOutcome.WAIT and found.status == PayoutStatus.SENDING
    return PayoutTransition(PayoutOutcome.FAIL, PayoutStatus.FAILED) if is_unknown else found


_evaluate, _due = payout_outcome.evaluate, schedules.due
MARKED_PAID: Steps = [plan(), pay("silent"), decide("mark_paid", hours=25), YES, turns("failed")]
"""Its party heard that it was paid, and hears now that it came back."""
BROKEN: dict[str, tuple[Steps, list[tuple[Any, str, Any]]]] = {
    "a payout goes to an account that was changed": (
        [plan(), pay("lost"), pay("queued", hours=1), account(), pay("queued", hours=5)],
        [(stops, "account_changed", false)],
    ),
    "an account is approved by whoever set it": (
        [plan(), account("Divine")],
        [(destinations, "require_undecided", lambda session, number, *, at, actor: destinations.get(session, number))],
    ),
    "the switch stops no payout": (
        [plan(), SWITCH, pay("queued")],
        [(creation, "ensure_outgoing_enabled", nothing)],
    ),
    "a payout that nobody answered about counts as failed": (
        [plan(), pay("silent")],
        [(settlement, "evaluate", failed_by_silence)],
    ),
    "what its provider did not pay is nowhere": (
        [plan(), pay("refused")],
        [(returns, "give_back", lambda *_args, **_more: {})],
    ),
    "all are sent while their provider sends none": (
        [plan(), plan(amount=400), pay("held"), pay("queued")],
        [(pauses, "in_force", lambda *_args: {})],
    ),
    "a payout that fails is tried for ever": (
        [plan(), *[pay("refused", hours=5)] * 4],
        [(failures, "MOST_ATTEMPTS", 99)],
    ),
    "a payout is tried again at once": (
        [plan(), pay("refused"), pay("refused", hours=0)],
        [(schedules, "PAUSE", schedules.PAUSE * 0)],
    ),
    "a payout is settled by people while its provider is asked": (
        [plan(), pay("silent"), decide("mark_paid")],
        [(payout_decisions, "decided_from", nothing)],
    ),
    "a retry of a run pays a schedule that was changed": (
        [plan(), pay("refused"), CHANGED, AGAIN],
        [(creation, "_changed", lambda *_args: None)],
    ),
    "a retry of a run pays all that is due": (
        [plan(), pay("refused"), plan(amount=400), AGAIN],
        [(RunControl, "only_items", nothing)],
    ),
    "what failed in a run of payouts waits for its rest though it is retried": (
        [plan(), pay("refused"), AGAIN],
        [(schedules, "due", lambda at, only=None, **_: _due(at, only))],
    ),
    "what was paid after all is clawed back while another waits to be sent": (
        [
            plan(),
            pay("refused"),
            pay("lost", hours=5),
            turns(None, "ask"),
            turns("success", which=1),
            decide("claw_back"),
        ],
        [(paid_twice, "unsent_instead", lambda *_args: "")],
    ),
    "who heard that a payout was paid is told that it never went": (
        MARKED_PAID,
        [(paid_before, "_PAID", ("payout.succeed",))],
    ),
    "nobody is called when a payout that had come back was paid": (
        [plan(), pay("queued"), turns("failed"), turns("success")],
        [(failures, "contradict", nothing)],
    ),
}
