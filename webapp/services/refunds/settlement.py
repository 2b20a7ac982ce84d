"""Settling refunds by what their providers said: nothing is sent again, and nothing credited, on a guess."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.money.money import Money
from webapp.domain.numbers import counted
from webapp.domain.payments.refund_matching import OWN_TIME, candidates, unexplained
from webapp.domain.providers.fencing import TAKEN_OVER, Claim, counts
from webapp.domain.providers.provider_messages import reason, sentence
from webapp.domain.providers.provider_results import (
    ListedRefunds,
    NoResponse,
    ProviderResponse,
    ProviderStatus,
    RefundRow,
)
from webapp.domain.state_labels import in_words
from webapp.domain.states import NOT_GIVEN_BACK, RefundStatus
from webapp.domain.words import phrase
from webapp.models import Refund
from webapp.services.common.batch_result import CAME_BACK, Outcome, RefusedItem
from webapp.services.refunds import ends as refund_ends
from webapp.services.refunds import refunds
from webapp.services.refunds.ends import ask_a_person, came_after_all, fail, finish
from webapp.sql import lock, one_of

WATCHED_FOR = timedelta(days=30)
"""How long a refund that ended is asked about still: what was processed may fail at the payer's bank."""
_FIRST_WAIT, _LONGEST_WAIT, _WATCHED_EVERY = timedelta(minutes=1), timedelta(hours=6), timedelta(days=1)
_REFUSED = "refused"
_ENDED = (RefundStatus.PROCESSED, *NOT_GIVEN_BACK)

RefundResult = ProviderResponse | ListedRefunds | NoResponse


@dataclass(frozen=True, slots=True)
class _Several:
    """More than one row can be ours."""

    message: str


@dataclass(frozen=True, slots=True)
class _Case:
    """One refund, and all that its provider listed when it was asked."""

    session: Session
    refund: Refund
    rows: Sequence[RefundRow]
    at: datetime
    actor: Actor

    @property
    def is_in_own_time(self) -> bool:
        """Whether the provider may still come to show what was sent."""
        tried_at = self.refund.last_sent_at
        return tried_at is not None and self.at < tried_at + OWN_TIME

    @property
    def was_done(self) -> bool:
        """Whether its provider once said that the payer has it."""
        return self.refund.settled_at is not None and self.refund.status not in NOT_GIVEN_BACK

    def review(self, sentence: str) -> None:
        """Only a person can tell what became of it."""
        ask_a_person(self.session, self.refund, sentence, self.rows, self.at, self.actor)


def settle_all(
    session: Session,
    results: Mapping[int, RefundResult],
    *,
    at: datetime,
    actor: Actor,
    claims: Mapping[int, Claim] | None = None,
) -> Outcome:
    """Do to each refund what its provider's answer means. Twice changes nothing.

    `claims` tells how the refunds were taken that somebody asked about: who has lost one since settles nothing, unless
    the provider says that the money is on its way, or there.
    """
    lock(session, Refund, list(results))
    outcome = Outcome("refund")
    chosen = select(Refund).where(one_of(session, Refund.id, list(results))).order_by(Refund.id)
    found = session.scalars(chosen.execution_options(populate_existing=True)).all()
    gone: list[int] = []
    owners = _owners(
        session, [row for result in results.values() if isinstance(result, ListedRefunds) for row in result.rows]
    )
    for refund in found:
        answer = results[refund.id]
        rows = answer.rows if isinstance(answer, ListedRefunds) else ()
        result = _ours(refund, answer, owners) if isinstance(answer, ListedRefunds) else answer
        if not _counts(refund, result, (claims or {}).get(refund.id)):
            outcome.refused.append(RefusedItem(refund.id, f"refund {refund.id}", TAKEN_OVER))
            continue
        before = refund.status
        _settle(_Case(session, refund, rows, at, actor), result)
        _count(outcome, refund, before)
        if before not in (RefundStatus.WAITING, RefundStatus.SENDING) and refund.status == RefundStatus.FAILED:
            gone.append(refund.id)
    for currency, amount in refund_ends.came_back(session, gone):
        outcome.note(CAME_BACK, currency, amount)
    return outcome


def _owners(session: Session, rows: Sequence[RefundRow]) -> dict[str, int]:
    """Which refund of ours has claimed a row, by the row's id."""
    if not rows:
        return {}
    known = select(Refund.provider_id, Refund.id).where(Refund.provider_id.in_({row.provider_id for row in rows}))
    return {row.provider_id: row.id for row in session.execute(known)}


def _ours(refund: Refund, listed: ListedRefunds, owners: Mapping[str, int]) -> ProviderResponse | _Several:
    others = [number for number, owner in owners.items() if owner != refund.id]
    found = candidates(refunds.wanted(refund, others), listed.rows)
    if len(found) > 1:
        return _Several(
            phrase(
                "%(provider)s lists %(refunds)s of this payment that can be this one.",
                provider=refund.provider,
                refunds=counted(len(found), "refund"),
            )
        )
    if not found:
        return ProviderResponse(
            "",
            ProviderStatus.ABSENT,
            message=phrase("%(provider)s shows no such refund of this payment.", provider=refund.provider),
        )
    row = found[0]
    return ProviderResponse(
        "", row.status, row.amount, row.currency, row.provider_id, row.message, needs_person=row.needs_person
    )


def _counts(refund: Refund, result: ProviderResponse | _Several | NoResponse, claim: Claim | None) -> bool:
    """Whether an answer may be settled. One payment can have several refunds there: that an earlier one failed is not
    the end of the one that whoever holds it now has sent.
    """
    now = Claim(refund.status, refund.attempts)
    if isinstance(result, _Several):
        return claim is None or claim == now
    failed = isinstance(result, ProviderResponse) and result.status in (ProviderStatus.FAILED, ProviderStatus.REVERSED)
    return counts(result, claim, now) and not (failed and claim is not None and claim != now)


def _count(outcome: Outcome, refund: Refund, before: str) -> None:
    """One refund is one item. Its money counts once: with the first answer by which its provider has it."""
    named = RefusedItem(
        refund.id,
        f"refund {refund.id}",
        sentence(refund.status_detail) or phrase("It is %(status)s still.", status=in_words(refund.status)),
    )
    if refund.status == before and before in _ENDED:
        outcome.done += 1
    elif refund.status == RefundStatus.FAILED:
        outcome.failed.append(named)
    elif refund.status in (RefundStatus.PENDING, RefundStatus.PROCESSED) and refund.status != before:
        outcome.done += 1
        if before in (RefundStatus.WAITING, RefundStatus.SENDING):
            outcome.amounts[refund.currency] = outcome.amounts.get(refund.currency, 0) + refund.amount
    else:
        outcome.refused.append(named)


def _settle(case: _Case, result: ProviderResponse | _Several | NoResponse) -> None:
    refund = case.refund
    again = case.at + _pause(refund.attempts, result)
    if refund.status in _ENDED:
        _settle_ended(case, result)
        return
    refund.next_try_at = again
    if isinstance(result, _Several):
        case.review(result.message)
    elif isinstance(result, NoResponse):
        _settle_unanswered(case, result)
    elif result.status == ProviderStatus.ABSENT:
        _settle_absent(case, result)
    else:
        _settle_seen(case, result)


def _settle_ended(case: _Case, result: ProviderResponse | _Several | NoResponse) -> None:
    """What ended is watched: its provider may say otherwise later, and then a person is told."""
    refund = case.refund
    ends = (refund.settled_at or refund.created_at) + WATCHED_FOR
    refund.next_try_at = case.at + _WATCHED_EVERY if case.at < ends and refund.provider_id else None
    if not isinstance(result, ProviderResponse):
        return
    if refund.status == RefundStatus.PROCESSED and result.status in (ProviderStatus.FAILED, ProviderStatus.REVERSED):
        refund.next_try_at = case.at + _WATCHED_EVERY
        case.review(
            phrase(
                "%(provider)s said that the payer has it, and now that it failed: %(reason)s.",
                provider=refund.provider,
                reason=reason(result.message),
            )
        )
    elif refund.status in NOT_GIVEN_BACK and result.status == ProviderStatus.SUCCEEDED:
        came_after_all(case.session, refund, case.at)


def _settle_seen(case: _Case, seen: ProviderResponse) -> None:
    """The provider speaks of ours."""
    refund, is_found = case.refund, case.refund.provider_id is None and bool(case.rows)
    has_failed = seen.status in (ProviderStatus.FAILED, ProviderStatus.REVERSED)
    if has_failed and is_found and case.is_in_own_time:
        refund.status_detail = phrase("One that failed is listed; another may follow still.")
        return
    refund.provider_id, refund.status_detail = seen.provider_id or refund.provider_id, seen.message or None
    if (seen.amount, seen.currency) != (refund.amount, refund.currency):
        given = Money(seen.amount or 0, seen.currency or refund.currency)
        requested, stands = Money(refund.amount, refund.currency), phrase(" That failed.") if has_failed else ""
        case.review(
            phrase(
                "%(provider)s gives back %(given)s, not %(requested)s.%(stands)s",
                provider=refund.provider,
                given=given,
                requested=requested,
                stands=stands,
            )
        )
    elif has_failed:
        _settle_failed(case, seen)
    elif seen.status == ProviderStatus.SUCCEEDED:
        finish(case.session, refund, case.at, case.actor)
        refund.next_try_at = case.at + _WATCHED_EVERY
    elif not case.was_done:
        refund.status = RefundStatus.PENDING
        if seen.needs_person:
            sentence = phrase(
                "%(provider)s waits for somebody. Give it what it asks for in its dashboard.", provider=refund.provider
            )
            refunds.call(case.session, refund, sentence, case.at)
        else:
            refunds.person_is_done(case.session, refund, case.at)


def _settle_failed(case: _Case, seen: ProviderResponse) -> None:
    if case.was_done:
        case.review(
            phrase(
                "%(provider)s said that the payer has it, and now that it failed: %(reason)s.",
                provider=case.refund.provider,
                reason=reason(seen.message),
            )
        )
        return
    fail(case.session, case.refund, case.at, case.actor)
    case.refund.next_try_at = case.at + _WATCHED_EVERY


def _settle_absent(case: _Case, seen: ProviderResponse) -> None:
    """The provider shows none of ours, which means nothing before its own time is over."""
    refund = case.refund
    if refund.status == RefundStatus.NEEDS_REVIEW:
        return
    refund.status_detail = seen.message or None
    if refund.provider_id is not None or refund.status == RefundStatus.WAITING or case.is_in_own_time:
        return
    if refund.answered == _REFUSED:
        fail(case.session, refund, case.at, case.actor)
    elif refund.answered == refunds.THERE:
        case.review(
            phrase(
                "%(provider)s says that money of this payment went back, and lists no refund that is ours.",
                provider=refund.provider,
            )
        )
    elif unexplained(refunds.wanted(refund), case.rows):
        case.review(
            phrase(
                "%(provider)s lists refunds of another amount since this one was sent, and none of its own.",
                provider=refund.provider,
            )
        )
    else:
        refund.status = RefundStatus.WAITING


def _settle_unanswered(case: _Case, result: NoResponse) -> None:
    refund = case.refund
    if refund.status == RefundStatus.NEEDS_REVIEW:
        return
    refund.status_detail = result.message or None
    if result.is_unsent:
        if refund.status == RefundStatus.SENDING:
            refund.status, refund.times_sent = RefundStatus.WAITING, max(0, refund.times_sent - 1)
    elif result.is_refusal and refund.times_sent <= 1:
        fail(case.session, refund, case.at, case.actor)
    elif result.is_refusal:
        refund.answered = _REFUSED  # an earlier attempt may have gone through all the same
    elif result.is_there:
        refund.answered = refunds.THERE


def _pause(attempts: int, result: ProviderResponse | _Several | NoResponse) -> timedelta:
    least = result.retry_after if isinstance(result, NoResponse) else None
    pause: timedelta = min(_FIRST_WAIT * (1 << min(attempts, 10)), _LONGEST_WAIT)
    return max(pause, timedelta(seconds=least or 0))
