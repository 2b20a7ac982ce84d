"""A payout that its provider has over another amount than was sent: a copy of the desk may have sent it before."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.alert_definitions import PAYOUT_OTHER_AMOUNT
from webapp.domain.money.money import Money
from webapp.domain.payouts.payout_outcome import PayoutAttempt, pays_other
from webapp.domain.providers.provider_results import ProviderResponse, ProviderResult, ProviderStatus
from webapp.domain.states import UNSETTLED_PAYOUTS, PayoutStatus, ScheduleStatus
from webapp.domain.words import phrase
from webapp.models import PayoutSchedule
from webapp.services.alerts import alerts
from webapp.services.audit import trail

_TELLING = (ProviderStatus.SUCCEEDED, ProviderStatus.PENDING, ProviderStatus.FAILED, ProviderStatus.REVERSED)


def note(
    session: Session, responses: Sequence[tuple[Any, PayoutAttempt, ProviderResult]], *, at: datetime, actor: Actor
) -> None:
    """Call a person about those of which a provider has another amount; end the alerts of those that it has no more."""
    answered = [
        (row, sent, result)
        for row, sent, result in responses
        if isinstance(result, ProviderResponse) and result.status in _TELLING
    ]
    other = [(row, result) for row, sent, result in answered if pays_other(sent, result)]
    named = {row.id for row, _ in other}
    right = [_subject(row) for row, _, _ in answered if row.id not in named]
    if right:
        alerts.resolve_all(session, [PAYOUT_OTHER_AMOUNT], right, at)
    for row, result in other:
        _call(session, row, result, at, actor)


def _call(session: Session, row: Any, result: ProviderResponse, at: datetime, actor: Actor) -> None:
    theirs = (
        Money(result.amount, result.currency) if result.amount is not None and result.currency else phrase("no amount")
    )
    how = phrase("was paid") if result.status == ProviderStatus.SUCCEEDED else phrase("is under way")
    ours = Money(row.amount, row.currency)
    sentence = phrase(
        "Payout %(ref)s is over %(ours)s; %(provider)s says that %(theirs)s %(how)s under its reference, "
        "perhaps sent by a copy of this desk. Nothing is settled by that, and nothing is sent instead. Look "
        "into its dashboard, settle with the party what is too much or too little, then resolve this alert and "
        "say how.",
        ref=row.ref,
        ours=ours,
        provider=row.provider,
        theirs=theirs,
        how=how,
    )
    cause = f"{row.ref} {theirs}"
    if alerts.was_resolved_by_hand(session, PAYOUT_OTHER_AMOUNT, _subject(row), cause):
        return
    if not alerts.fire(session, PAYOUT_OTHER_AMOUNT, _subject(row), sentence, at, causes=[cause]):
        return
    trail.record(session, actor, "payout.other_amount", ("payout", row.id), at=at, reason=sentence)
    if PayoutStatus(row.status) not in UNSETTLED_PAYOUTS and row.schedule_id is not None:
        _stop(session, row.schedule_id, sentence)


def _stop(session: Session, schedule_id: int, sentence: str) -> None:
    """Its money is in the wallet again, and a part is out: no other payout follows by itself."""
    schedule = session.get_one(PayoutSchedule, schedule_id, with_for_update=True, populate_existing=True)
    if schedule.status == ScheduleStatus.PENDING:
        schedule.status, schedule.version, schedule.failure_reason = (
            ScheduleStatus.FAILED,
            schedule.version + 1,
            sentence,
        )
        session.flush()


def _subject(row: Any) -> str:
    return f"payout {row.ref}"
