"""What is the matter with this payout? The answer, and what happens next.

The answer is one of seven: it is not sent; it is under way; it was sent and nobody knows; it was refused; it failed; it
came back; it was paid.
"""

from datetime import datetime
from enum import StrEnum

from webapp.domain.instants import in_utc
from webapp.domain.money.money import Money
from webapp.domain.providers.provider_messages import sentence
from webapp.domain.state_labels import in_words
from webapp.domain.states import AccountKind, PayoutStatus, ScheduleStatus
from webapp.models import Payout
from webapp.services.payouts import decisions, pauses
from webapp.services.payouts.destinations import masked
from webapp.services.payouts.detail import PayoutDetail
from webapp.services.payouts.payouts import RESENT_FOR
from webapp.services.payouts.schedules.schedules import MOST_ATTEMPTS
from webapp.services.timeline import Moment
from webapp.settings import Settings


class PayoutSituation(StrEnum):
    """How a payout stands, in the words that its answer begins with."""

    NOT_SENT = "It is not sent"
    UNDER_WAY = "It was sent"
    UNKNOWN = "It was sent, or may have been, and what became of it is not known"
    REFUSED = "It was refused"
    FAILED = "It failed"
    RETURNED = "It came back"
    PAID = "It was paid"


_NO_ANSWER = ("success", "pending", "failed", "reversed")
"""Words of a provider that the answer has said already."""
_TRIED_BY_ITSELF = (PayoutStatus.FAILED, PayoutStatus.REVERSED)
_BY_HAND = "payout.mark_paid"
_DECIDED_BACK = "payout.give_back"
_ENDS = (_BY_HAND, _DECIDED_BACK, "payout.succeed", "payout.fail", "payout.claw_back", "payout.write_off")
_BORNE = {
    "payout.claw_back": "that the party gives back what it had twice",
    "payout.write_off": "that the platform bears what the party had twice",
}
_OUT_OF = {
    AccountKind.WALLET: "out of the party's wallet",
    AccountKind.RECEIVABLE: "added to the party's debt",
    AccountKind.LOSSES: "out of the platform's losses",
}


def situation(payout: Payout) -> PayoutSituation:
    """Which of them it is."""
    status = PayoutStatus(payout.status)
    if status == PayoutStatus.SUCCEEDED or payout.paid_after_all_at is not None:
        return PayoutSituation.PAID
    if status == PayoutStatus.REVERSED:
        return PayoutSituation.RETURNED
    if status == PayoutStatus.FAILED:
        return PayoutSituation.REFUSED if payout.provider_id is None else PayoutSituation.FAILED
    if status == PayoutStatus.SENT and payout.doubted_at is None:
        return PayoutSituation.UNDER_WAY
    if status in (PayoutStatus.SENDING, PayoutStatus.SENT):
        return PayoutSituation.UNKNOWN
    is_tried = status == PayoutStatus.PENDING and payout.sent_at is not None
    return PayoutSituation.UNKNOWN if is_tried else PayoutSituation.NOT_SENT


def why(detail: PayoutDetail, at: datetime, settings: Settings) -> list[str]:
    """Sentences; the first is the answer."""
    payout = detail.payout
    sentences = [f"{situation(payout)}{_answer(detail, at)}", *_decision(detail, at, settings)]
    is_known = payout.paid_after_all_at is not None
    if payout.status_detail and payout.status_detail not in _NO_ANSWER and not detail.is_paused and not is_known:
        sentences.append(sentence(payout.status_detail))
    sentences += _tried_again(detail)
    if detail.next_try_at is not None:
        soon = detail.next_try_at <= at
        sentences.append(
            "The next run looks after it." if soon else f"A run looks after it from {in_utc(detail.next_try_at)}."
        )
    if payout.recheck_at is not None:
        case = "it was paid after all"
        if payout.status == PayoutStatus.SUCCEEDED or is_known:
            case = "it comes back"
        sentences.append(f"Its provider is asked again from {in_utc(payout.recheck_at)}, in case {case}.")
    return sentences


def _answer(detail: PayoutDetail, at: datetime) -> str:
    """What is said after how it stands."""
    answers = {
        PayoutSituation.NOT_SENT: _not_sent,
        PayoutSituation.UNDER_WAY: _under_way,
        PayoutSituation.UNKNOWN: _unknown,
        PayoutSituation.REFUSED: _refused,
        PayoutSituation.FAILED: _failed,
        PayoutSituation.RETURNED: _returned,
        PayoutSituation.PAID: _paid,
    }
    return answers[situation(detail.payout)](detail, at)


def _not_sent(detail: PayoutDetail, at: datetime) -> str:
    payout = detail.payout
    if payout.status == PayoutStatus.CANCELLED:
        tried = ", as its provider does not know it" if payout.sent_at is not None else ""
        return f"{tried}: it was cancelled. {_back(detail)}"
    if detail.stopped:
        return f". {detail.stopped}"
    if detail.is_paused and detail.pause is not None:
        return f". It waits. {pauses.in_words(detail.pause)}"
    return ": it is written, and its money has left the wallet."


def _under_way(detail: PayoutDetail, at: datetime) -> str:
    return ". Its provider took it, and has not said yet how it ended."


def _unknown(detail: PayoutDetail, at: datetime) -> str:
    payout = detail.payout
    if detail.stopped:
        return f". {detail.stopped}"
    if payout.doubted_at is not None:
        return (
            f". Its provider may have it, and has not shown it since {in_utc(payout.doubted_at)}. It is looked for, "
            "and neither sent again nor given back by itself."
        )
    if payout.status == PayoutStatus.SENDING:
        return ". Its provider is asked; it is never sent a second time."
    if payout.created_at <= at - RESENT_FOR:
        return (
            ". It was tried for a day, and its provider does not know it. It is asked about, and not sent again by "
            "itself. Cancel it: its money goes back to the wallet then."
        )
    return ". It is not there as far as its provider tells; it goes again under the same reference, so at most once."


def _back(detail: PayoutDetail) -> str:
    """Who has it again."""
    return detail.back.in_words(detail.payout.currency)


def _refused(detail: PayoutDetail, at: datetime) -> str:
    if _newest(detail) == _DECIDED_BACK:
        return f", as two people decided: it did not reach {masked(detail.destination)}. {_back(detail)}"
    return f": its provider did not take it. It was to go to {masked(detail.destination)}. {_back(detail)}"


def _failed(detail: PayoutDetail, at: datetime) -> str:
    to = masked(detail.destination)
    if any(moment.action == "payout.succeed" for moment in detail.moments):
        return f" after it was paid to {to}. {_back(detail)}"
    if _newest(detail) == _DECIDED_BACK:
        return f", as two people decided: it did not reach {to}. {_back(detail)}"
    return f": its provider did not pay it to {to}. {_back(detail)}"


def _returned(detail: PayoutDetail, at: datetime) -> str:
    return f" from {masked(detail.destination)}. {_back(detail)}"


def _paid(detail: PayoutDetail, at: datetime) -> str:
    payout = detail.payout
    if payout.paid_after_all_at is not None:
        return (
            f" after all{_instant(payout, payout.paid_after_all_at)}, to {masked(detail.destination)}. Its money had "
            f"come back to the wallet before, so the party may have it twice.{_what_to_do(detail)}"
        )
    if _newest(detail) == _BY_HAND:
        return _by_people(payout)
    return f"{_instant(payout, payout.settled_at)}.{_decided(detail)}"


def _by_people(payout: Payout) -> str:
    """Who says it of one that two people marked as paid."""
    people = f", as two people said on {in_utc(payout.settled_at)}" if payout.settled_at else ""
    if payout.is_unconfirmed:
        return f"{people}; its provider has not said so."
    by_its_clock = _instant(payout, None)
    return f"{by_its_clock}{people}." if by_its_clock else f"{people}; its provider says so too."


def _decided(detail: PayoutDetail) -> str:
    """Who bore it, by whose decision, when it was paid after its money had come back."""
    ending = next((moment for moment in detail.moments if moment.action in _ENDS), None)
    if ending is None or ending.action not in _BORNE:
        return ""
    parts = [f"{Money(amount, detail.payout.currency)} {_OUT_OF.get(kind, kind)}" for kind, amount in detail.borne]
    return (
        f" Its money had come back to the wallet before. {_who_decided(detail, ending)} {_BORNE[ending.action]}: "
        f"{', '.join(parts)}. The reason:"
    )


def _who_decided(detail: PayoutDetail, ending: Moment) -> str:
    """One person, or the two whose proposal and whose approval it was."""
    executed = [each for each in detail.approvals if (each.action, each.decided_at) == (ending.action, ending.at)]
    if not executed:
        return f"{ending.who} decided on {in_utc(ending.at)}"
    return f"{executed[0].proposed_by_name} proposed, and {ending.who} approved on {in_utc(ending.at)},"


def _instant(payout: Payout, known_at: datetime | None) -> str:
    """When it was paid, by its provider's clock, or else since when the desk knows."""
    if payout.paid_at is not None:
        return f" on {in_utc(payout.paid_at)}, by {payout.provider}'s clock"
    return f", as {payout.provider} tells since {in_utc(known_at)}" if known_at is not None else ""


def _newest(detail: PayoutDetail) -> str:
    """The action that ended it."""
    return next((moment.action for moment in detail.moments if moment.action in _ENDS), "")


def _what_to_do(detail: PayoutDetail) -> str:
    """Where to look, and what to decide."""
    other = (
        ""
        if detail.schedule is None or detail.schedule.payout_id == detail.payout.id
        else (f" Another payout was written in its place: look at payout schedule {detail.schedule.ref} too.")
    )
    decide = " Claw it back from the party, or write it off." if detail.waiting is None else ""
    return f"{other}{decide} Nothing more of its schedule is paid before that is decided."


def _tried_again(detail: PayoutDetail) -> list[str]:
    """What its schedule does now that it came back."""
    payout, plan = detail.payout, detail.schedule
    if payout.status not in _TRIED_BY_ITSELF or plan is None or payout.paid_after_all_at is not None:
        return []
    if plan.payout_id != payout.id:
        return [f"Another payout counts for its schedule: look at payout schedule {plan.ref}."]
    if plan.status != ScheduleStatus.PENDING:
        return [f"Payout schedule {plan.ref} is {in_words(plan.status)}: nothing is paid again by itself."]
    if detail.is_stopped:
        return [f"Outgoing money is stopped: payout schedule {plan.ref} pays nothing before it flows again."]
    amount, attempt = Money(plan.amount, plan.currency), f"attempt {plan.retry_count + 1} of {MOST_ATTEMPTS}"
    again = f"Payout schedule {plan.ref} pays {amount} by itself, with a new payout"
    if detail.next_attempt_at is None:
        return [f"{again}, {attempt}; no run that does is foreseen."]
    return [f"{again}, by its run on {in_utc(detail.next_attempt_at)}: {attempt}."]


def _decision(detail: PayoutDetail, at: datetime, settings: Settings) -> list[str]:
    payout = detail.payout
    if detail.waiting is not None:
        return []
    ripe = decisions.decided_from(payout, settings)
    if ripe is None:
        return []
    if ripe > at:
        return [f"If its provider has not told by {in_utc(ripe)}, two people decide what became of it."]
    return [
        "Look for its reference in the provider's dashboard and at the bank, then say what became of it: a second "
        "person confirms it."
    ]
