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
from webapp.domain.words import joined, message, phrase
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

    NOT_SENT = message("It is not sent")
    UNDER_WAY = message("It was sent")
    UNKNOWN = message("It was sent, or may have been, and what became of it is not known")
    REFUSED = message("It was refused")
    FAILED = message("It failed")
    RETURNED = message("It came back")
    PAID = message("It was paid")


_NO_ANSWER = ("success", "pending", "failed", "reversed")
"""Words of a provider that the answer has said already."""
_TRIED_BY_ITSELF = (PayoutStatus.FAILED, PayoutStatus.REVERSED)
_BY_HAND = "payout.mark_paid"
_DECIDED_BACK = "payout.give_back"
_ENDS = (_BY_HAND, _DECIDED_BACK, "payout.succeed", "payout.fail", "payout.claw_back", "payout.write_off")
_BORNE = {
    "payout.claw_back": phrase("that the party gives back what it had twice"),
    "payout.write_off": phrase("that the platform bears what the party had twice"),
}
_OUT_OF = {
    AccountKind.WALLET: phrase("out of the party's wallet"),
    AccountKind.RECEIVABLE: phrase("added to the party's debt"),
    AccountKind.LOSSES: phrase("out of the platform's losses"),
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
    sentences = [
        joined(phrase(situation(payout).value), _answer(detail, at), between=""),
        *_decision(detail, at, settings),
    ]
    is_known = payout.paid_after_all_at is not None
    if payout.status_detail and payout.status_detail not in _NO_ANSWER and not detail.is_paused and not is_known:
        sentences.append(sentence(payout.status_detail))
    sentences += _tried_again(detail)
    if detail.next_try_at is not None:
        soon = detail.next_try_at <= at
        sentences.append(
            phrase("The next run looks after it.")
            if soon
            else phrase("A run looks after it from %(next_try_at)s.", next_try_at=in_utc(detail.next_try_at))
        )
    if payout.recheck_at is not None:
        case = phrase("it was paid after all")
        if payout.status == PayoutStatus.SUCCEEDED or is_known:
            case = phrase("it comes back")
        sentences.append(
            phrase(
                "Its provider is asked again from %(recheck_at)s, in case %(case)s.",
                recheck_at=in_utc(payout.recheck_at),
                case=case,
            )
        )
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
        tried = phrase(", as its provider does not know it") if payout.sent_at is not None else ""
        return phrase("%(tried)s: it was cancelled. %(back)s", tried=tried, back=_back(detail))
    if detail.stopped:
        return joined(". ", detail.stopped, between="")
    if detail.is_paused and detail.pause is not None:
        return joined(phrase(". It waits."), pauses.in_words(detail.pause))
    return phrase(": it is written, and its money has left the wallet.")


def _under_way(detail: PayoutDetail, at: datetime) -> str:
    return phrase(". Its provider took it, and has not said yet how it ended.")


def _unknown(detail: PayoutDetail, at: datetime) -> str:
    payout = detail.payout
    if detail.stopped:
        return joined(". ", detail.stopped, between="")
    if payout.doubted_at is not None:
        return phrase(
            ". Its provider may have it, and has not shown it since %(doubted_at)s. It is looked for, and "
            "neither sent again nor given back by itself.",
            doubted_at=in_utc(payout.doubted_at),
        )
    if payout.status == PayoutStatus.SENDING:
        return phrase(". Its provider is asked; it is never sent a second time.")
    if payout.created_at <= at - RESENT_FOR:
        return phrase(
            ". It was tried for a day, and its provider does not know it. It is asked about, and not sent "
            "again by itself. Cancel it: its money goes back to the wallet then."
        )
    return phrase(
        ". It is not there as far as its provider tells; it goes again under the same reference, so at most once."
    )


def _back(detail: PayoutDetail) -> str:
    """Who has it again."""
    return detail.back.in_words(detail.payout.currency)


def _refused(detail: PayoutDetail, at: datetime) -> str:
    if _newest(detail) == _DECIDED_BACK:
        return phrase(
            ", as two people decided: it did not reach %(account)s. %(back)s",
            account=masked(detail.destination),
            back=_back(detail),
        )
    return phrase(
        ": its provider did not take it. It was to go to %(account)s. %(back)s",
        account=masked(detail.destination),
        back=_back(detail),
    )


def _failed(detail: PayoutDetail, at: datetime) -> str:
    to = masked(detail.destination)
    if any(moment.action == "payout.succeed" for moment in detail.moments):
        return phrase(" after it was paid to %(to)s. %(back)s", to=to, back=_back(detail))
    if _newest(detail) == _DECIDED_BACK:
        return phrase(", as two people decided: it did not reach %(to)s. %(back)s", to=to, back=_back(detail))
    return phrase(": its provider did not pay it to %(to)s. %(back)s", to=to, back=_back(detail))


def _returned(detail: PayoutDetail, at: datetime) -> str:
    return phrase(" from %(account)s. %(back)s", account=masked(detail.destination), back=_back(detail))


def _paid(detail: PayoutDetail, at: datetime) -> str:
    payout = detail.payout
    if payout.paid_after_all_at is not None:
        return phrase(
            " after all%(instant)s, to %(account)s. Its money had come back to the wallet before, so the party "
            "may have it twice.%(what_to_do)s",
            instant=_instant(payout, payout.paid_after_all_at),
            account=masked(detail.destination),
            what_to_do=_what_to_do(detail),
        )
    if _newest(detail) == _BY_HAND:
        return _by_people(payout)
    return joined(_instant(payout, payout.settled_at), ".", _decided(detail), between="")


def _by_people(payout: Payout) -> str:
    """Who says it of one that two people marked as paid."""
    people = (
        phrase(", as two people said on %(settled_at)s", settled_at=in_utc(payout.settled_at))
        if payout.settled_at
        else ""
    )
    if payout.is_unconfirmed:
        return phrase("%(people)s; its provider has not said so.", people=people)
    by_its_clock = _instant(payout, None)
    return (
        joined(by_its_clock, people, ".", between="")
        if by_its_clock
        else phrase("%(people)s; its provider says so too.", people=people)
    )


def _decided(detail: PayoutDetail) -> str:
    """Who bore it, by whose decision, when it was paid after its money had come back."""
    ending = next((moment for moment in detail.moments if moment.action in _ENDS), None)
    if ending is None or ending.action not in _BORNE:
        return ""
    parts = [joined(Money(amount, detail.payout.currency), _OUT_OF.get(kind, kind)) for kind, amount in detail.borne]
    return phrase(
        " Its money had come back to the wallet before. %(decided)s %(borne)s: %(parts)s. The reason:",
        decided=_who_decided(detail, ending),
        borne=_BORNE[ending.action],
        parts=joined(*parts, between=", "),
    )


def _who_decided(detail: PayoutDetail, ending: Moment) -> str:
    """One person, or the two whose proposal and whose approval it was."""
    executed = [each for each in detail.approvals if (each.action, each.decided_at) == (ending.action, ending.at)]
    if not executed:
        return phrase("%(who)s decided on %(at)s", who=ending.who, at=in_utc(ending.at))
    return phrase(
        "%(proposed_by_name)s proposed, and %(who)s approved on %(at)s,",
        proposed_by_name=executed[0].proposed_by_name,
        who=ending.who,
        at=in_utc(ending.at),
    )


def _instant(payout: Payout, known_at: datetime | None) -> str:
    """When it was paid, by its provider's clock, or else since when the desk knows."""
    if payout.paid_at is not None:
        return phrase(
            " on %(paid_at)s, by %(provider)s's clock", paid_at=in_utc(payout.paid_at), provider=payout.provider
        )
    return (
        phrase(", as %(provider)s tells since %(known_at)s", provider=payout.provider, known_at=in_utc(known_at))
        if known_at is not None
        else ""
    )


def _newest(detail: PayoutDetail) -> str:
    """The action that ended it."""
    return next((moment.action for moment in detail.moments if moment.action in _ENDS), "")


def _what_to_do(detail: PayoutDetail) -> str:
    """Where to look, and what to decide."""
    other = (
        ""
        if detail.schedule is None or detail.schedule.payout_id == detail.payout.id
        else (
            phrase(
                " Another payout was written in its place: look at payout schedule %(ref)s too.",
                ref=detail.schedule.ref,
            )
        )
    )
    decide = phrase(" Claw it back from the party, or write it off.") if detail.waiting is None else ""
    return phrase(
        "%(other)s%(decide)s Nothing more of its schedule is paid before that is decided.", other=other, decide=decide
    )


def _tried_again(detail: PayoutDetail) -> list[str]:
    """What its schedule does now that it came back."""
    payout, plan = detail.payout, detail.schedule
    if payout.status not in _TRIED_BY_ITSELF or plan is None or payout.paid_after_all_at is not None:
        return []
    if plan.payout_id != payout.id:
        return [phrase("Another payout counts for its schedule: look at payout schedule %(ref)s.", ref=plan.ref)]
    if plan.status != ScheduleStatus.PENDING:
        return [
            phrase(
                "Payout schedule %(ref)s is %(status)s: nothing is paid again by itself.",
                ref=plan.ref,
                status=in_words(plan.status),
            )
        ]
    if detail.is_stopped:
        return [
            phrase(
                "Outgoing money is stopped: payout schedule %(ref)s pays nothing before it flows again.", ref=plan.ref
            )
        ]
    amount, attempt = (
        Money(plan.amount, plan.currency),
        phrase("attempt %(attempt)s of %(most)s", attempt=plan.retry_count + 1, most=MOST_ATTEMPTS),
    )
    again = phrase("Payout schedule %(ref)s pays %(amount)s by itself, with a new payout", ref=plan.ref, amount=amount)
    if detail.next_attempt_at is None:
        return [phrase("%(again)s, %(attempt)s; no run that does is foreseen.", again=again, attempt=attempt)]
    return [
        phrase(
            "%(again)s, by its run on %(next_attempt_at)s: %(attempt)s.",
            again=again,
            next_attempt_at=in_utc(detail.next_attempt_at),
            attempt=attempt,
        )
    ]


def _decision(detail: PayoutDetail, at: datetime, settings: Settings) -> list[str]:
    payout = detail.payout
    if detail.waiting is not None:
        return []
    ripe = decisions.decided_from(payout, settings)
    if ripe is None:
        return []
    if ripe > at:
        return [
            phrase("If its provider has not told by %(ripe)s, two people decide what became of it.", ripe=in_utc(ripe))
        ]
    return [
        phrase(
            "Look for its reference in the provider's dashboard and at the bank, then say what became of it: a "
            "second person confirms it."
        )
    ]
