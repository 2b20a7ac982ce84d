"""What others wrote about a party, and what providers told of it: its names and addresses go out of these."""

from typing import Any, NamedTuple

from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.engine import CursorResult

from webapp.domain.states import InboundWebhookStatus
from webapp.models import (
    Alert,
    Approval,
    Chargeback,
    Delivery,
    Discrepancy,
    Dispute,
    Evidence,
    Freeze,
    Idempotency,
    IgnoredWebhookEvent,
    InboundWebhook,
    Message,
    Payment,
    Payout,
    PayoutPause,
    PayoutSchedule,
    Refund,
    RunItem,
    RunLine,
)
from webapp.models.base import Base
from webapp.services.data_protection.personal_texts import PersonalTexts
from webapp.services.data_protection.refusals import provider_references
from webapp.services.data_protection.replacement import PAGE, Replacement


class _Place(NamedTuple):
    """Columns that may hold a text about the party, and in which rows."""

    kind: str
    model: type[Base]
    columns: tuple[str, ...]
    where: tuple[Any, ...] = ()


def replace(each: Replacement, texts: PersonalTexts) -> dict[str, int]:
    """Replace its names and addresses wherever they may stand; returns how many rows of each kind changed."""
    mine = each.mine
    each.set_all(Payment, {"checkout_url": None}, Payment.id.in_(mine.payments))
    counts = {"provider answers": _webhooks(each) + _samples(each, texts)}
    counts["answers to API writes"] = _answers(each, texts)
    for place in [*_linked(each), *_UNLINKED]:
        changed = each.in_columns(texts, place.model, place.columns, *place.where)
        counts[place.kind] = counts.get(place.kind, 0) + changed
    return counts


def _linked(each: Replacement) -> list[_Place]:
    mine = each.mine
    about = {model: (mine.is_subject(model.subject_kind, model.subject_id),) for model in (Delivery, RunItem)}
    return [
        _Place("disputes", Dispute, ("claim", "resolution_reason"), (Dispute.id.in_(mine.disputes),)),
        _Place("notes", Message, ("body",), (Message.dispute_id.in_(mine.disputes),)),
        _Place("evidence of others", Evidence, ("name", "body"), (Evidence.dispute_id.in_(mine.disputes),)),
        _Place("freezes", Freeze, ("reason",), (Freeze.id.in_(mine.freezes),)),
        _Place(
            "approvals",
            Approval,
            ("payload", "sentence", "reason", "decision_reason"),
            (Approval.id.in_(mine.approvals),),
        ),
        _Place("payments", Payment, ("status_detail",), (Payment.id.in_(mine.payments),)),
        _Place("refunds", Refund, ("status_detail", "rows", "not_ours"), (Refund.id.in_(mine.refunds),)),
        _Place("chargebacks", Chargeback, ("category", "status_detail"), (Chargeback.id.in_(mine.chargebacks),)),
        _Place("payouts", Payout, ("status_detail",), (Payout.id.in_(mine.payouts),)),
        _Place("payout schedules", PayoutSchedule, ("failure_reason",), (PayoutSchedule.id.in_(mine.schedules),)),
        _Place("messages of others", Delivery, ("title", "body", "last_error"), about[Delivery]),
        _Place("items of runs", RunItem, ("message",), about[RunItem]),
    ]


_UNLINKED = (
    _Place("alerts", Alert, ("sentence", "resolution_reason")),
    _Place("discrepancies", Discrepancy, ("detail", "accepted_reason")),
    _Place("lines of runs", RunLine, ("event", "fields")),
    # What waits still to be handled is read by its words: a name such as Visa or Paid is one of them.
    _Place(
        "provider answers",
        InboundWebhook,
        ("body", "result"),
        (InboundWebhook.status != InboundWebhookStatus.RECEIVED,),
    ),
    _Place("payout pauses", PayoutPause, ("reason",)),
)
"""What names nothing of the party's by its key, or not always: looked through as a whole."""


def _webhooks(each: Replacement) -> int:
    """Bodies about its payments and payouts tell who paid, from which account and card: they go as a whole."""
    about = InboundWebhook.reference.in_(provider_references(each.mine))
    return each.set_all(InboundWebhook, {"body": "{}"}, about, InboundWebhook.body != "{}")


def _answers(each: Replacement, texts: PersonalTexts) -> int:
    """Answers to repeated writes, kept for a day: their rows stay, without one a repetition would be done once more."""
    key, count, after = (Idempotency.actor, Idempotency.key), 0, None
    found = select(*key, Idempotency.answer).where(texts.may_stand_in(Idempotency.answer)).order_by(*key).limit(PAGE)
    while rows := each.session.execute(found if after is None else found.where(tuple_(*key) > tuple_(*after))).all():
        after = rows[-1][:2]
        for actor, name, answer in rows:
            mine = update(Idempotency).where(Idempotency.actor == actor, Idempotency.key == name)
            if (new := texts.replaced_anywhere(answer)) != answer:
                each.session.execute(mine.values(answer=new).execution_options(synchronize_session=False))
                count += 1
    return count


def _samples(each: Replacement, texts: PersonalTexts) -> int:
    """Samples of webhooks that are ignored: the next one of its kind is the sample then."""
    stands = texts.may_stand_in(IgnoredWebhookEvent.body)
    statement = delete(IgnoredWebhookEvent).where(stands).execution_options(synchronize_session=False)
    result = each.session.execute(statement)
    return result.rowcount if isinstance(result, CursorResult) else 0
