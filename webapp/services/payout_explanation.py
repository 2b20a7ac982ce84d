"""What is the matter with this payout? The answer, and what happens next."""

from datetime import datetime

from webapp.domain.provider_phrases import sentence
from webapp.domain.states import PayoutStatus, ScheduleStatus
from webapp.models import Payout
from webapp.services import payout_decisions, payout_pauses
from webapp.services.payout_destinations import masked
from webapp.services.payout_file import PayoutFile
from webapp.services.payout_schedules import MOST_ATTEMPTS
from webapp.services.payouts import RESENT_FOR
from webapp.settings import Settings

_WORDS = {
    PayoutStatus.PENDING: "It is written and not sent yet; its money has left the wallet.",
    PayoutStatus.SENDING: "Nobody knows whether it was sent. Its provider is asked; it is never sent a second time.",
    PayoutStatus.SENT: "Its provider took it and has not said yet that it was paid.",
    PayoutStatus.FAILED: "Its provider did not pay it to {to}. The money is in the wallet again.",
    PayoutStatus.REVERSED: "It came back from {to}. The money is in the wallet again.",
    PayoutStatus.CANCELLED: "It was cancelled before it was sent. The money is in the wallet again.",
}


_SAYS_NOTHING = ("success", "pending", "failed", "reversed")
"""Words of a provider that the answer has said already."""
_TRIED_BY_ITSELF = (PayoutStatus.FAILED, PayoutStatus.REVERSED)


def why(file: PayoutFile, at: datetime, settings: Settings) -> list[str]:
    """Sentences; the first is the answer."""
    payout = file.payout
    told = [_answer(file, at), *_decision(payout, at, settings)]
    if payout.said and payout.said not in _SAYS_NOTHING and not _is_held(file):
        told.append(sentence(payout.said))
    told += _tried_again(file)
    if payout.next_try_at is not None and not _is_held(file) and not file.stopped:
        soon = payout.next_try_at <= at
        told.append("The next run looks after it." if soon else f"A run looks after it from {_on(payout.next_try_at)}.")
    if payout.look_again_at is not None:
        may = "fail or be reversed still" if payout.status == PayoutStatus.SUCCEEDED else "have been paid after all"
        told.append(f"It may {may}: its provider is asked again from {_on(payout.look_again_at)}.")
    return told


def _answer(file: PayoutFile, at: datetime) -> str:
    payout, status = file.payout, PayoutStatus(file.payout.status)
    if status == PayoutStatus.SUCCEEDED:
        return f"It was paid{f' on {_on(payout.settled_at)}' if payout.settled_at else ''}."
    if payout.paid_after_all_at is not None:
        return (
            "It is paid twice, or may be: its money came back to the wallet, and since "
            f"{_on(payout.paid_after_all_at)} {payout.provider} says that it was paid to {masked(file.destination)} "
            f"after all. {_what_to_do(file)}"
        )
    if file.stopped:
        return file.stopped
    if _is_held(file) and file.pause is not None:
        return f"It waits and was not sent. {payout_pauses.in_words(file.pause)}"
    if payout.doubted_at is not None:
        return (
            f"Its provider may have it, and has not shown it since {_on(payout.doubted_at)}. It is looked for; it is "
            "neither sent again nor given back by itself."
        )
    if status == PayoutStatus.PENDING and payout.sent_at is not None:
        if payout.created_at <= at - RESENT_FOR:
            return (
                "It was tried for a day, and its provider does not know it. It is asked about, and not sent again by "
                "itself. Cancel it: its money goes back to the wallet then."
            )
        return "It was tried and is not known to be there; it is sent again, under the same reference, so at most once."
    return _WORDS[status].format(to=masked(file.destination))


def _what_to_do(file: PayoutFile) -> str:
    """Where to look, and what to decide."""
    other = (
        ""
        if file.schedule is None or file.schedule.payout_id == file.payout.id
        else (f"Another payout was written in its place: look at payout schedule {file.schedule.ref} too. ")
    )
    return f"{other}Claw it back from the party, or write it off. Nothing more of its schedule is paid before that."


def _tried_again(file: PayoutFile) -> list[str]:
    """What its schedule does now that it came back."""
    payout, plan = file.payout, file.schedule
    if payout.status not in _TRIED_BY_ITSELF or plan is None:
        return []
    if plan.payout_id != payout.id:
        return [f"Another payout followed it: look at payout schedule {plan.ref}."]
    if plan.status != ScheduleStatus.PENDING:
        return [f"Payout schedule {plan.ref} is {plan.status}: nothing is paid again by itself."]
    attempt = f"attempt {plan.retry_count + 1} of {MOST_ATTEMPTS}"
    return [f"Payout schedule {plan.ref} tries again by itself, with a new payout, at its next run: {attempt}."]


def _is_held(file: PayoutFile) -> bool:
    return file.payout.status == PayoutStatus.PENDING and file.pause is not None


def _decision(payout: Payout, at: datetime, settings: Settings) -> list[str]:
    ripe = payout_decisions.decided_from(payout, settings)
    if ripe is None:
        return []
    if ripe > at:
        return [f"If its provider has not told by {_on(ripe)}, two people decide what became of it."]
    return [
        "Look for its reference in the provider's dashboard and at the bank, then say what became of it: a second "
        "person confirms it."
    ]


def _on(instant: datetime) -> str:
    return f"{instant:%d %B %Y at %H:%M} UTC"
