"""Handling what providers told us: what it is about is asked of the provider itself, then settled."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from webapp.domain.money.money import Money
from webapp.domain.numbers import counted
from webapp.domain.providers.provider_messages import clause
from webapp.domain.providers.provider_results import ChargebackReport, ListedRefunds, NoResponse, ProviderResponse
from webapp.domain.states import InboundWebhookStatus
from webapp.domain.words import phrase
from webapp.errors import Unavailable
from webapp.jobs.engine.provider_batches import ProviderBatch
from webapp.jobs.engine.work import Work
from webapp.jobs.steps import send_refunds
from webapp.providers.http.errors import ProviderRefused, Unknown
from webapp.providers.webhooks.payloads import SubjectType
from webapp.runtime import Runtime
from webapp.services.common.batch_result import Outcome, RefusedItem, added
from webapp.services.payments import settlement as payment_settlement
from webapp.services.payments.chargebacks import chargebacks
from webapp.services.payouts import settlement as payout_settlement
from webapp.services.reconciliation import mirror_webhooks
from webapp.services.refunds import settlement as refund_settlement
from webapp.services.webhooks import inbox
from webapp.services.webhooks.inbox import ClaimedWebhook, WebhookSubject
from webapp.sql import database_now

LEASE = timedelta(minutes=2)
NO_SUBJECT = phrase("Nothing here has this reference.")
NOT_OURS = phrase("The desk does nothing about events of this kind.")


@dataclass(frozen=True, slots=True)
class ProviderReport:
    """What the provider says of all that a webhook concerns."""

    payment: ProviderResponse | None = None
    refund: ProviderResponse | ListedRefunds | None = None
    payout: ProviderResponse | None = None
    chargeback: ChargebackReport | None = None

    @property
    def message(self) -> str:
        """The gist, for the webhook's own record."""
        if isinstance(self.refund, ListedRefunds):
            return phrase(
                "The provider lists %(refunds)s of the payment.", refunds=counted(len(self.refund.rows), "refund")
            )
        if self.payout is None and self.refund is None and self.payment is not None and self.payment.refunded_amount:
            back = Money(self.payment.refunded_amount, self.payment.currency or "")
            return phrase("The provider says that %(back)s of the payment went back, or are on the way.", back=back)
        reports = {"payout": self.payout, "refund": self.refund, "payment": self.payment}
        what, seen = next(((what, seen) for what, seen in reports.items() if seen is not None), ("", None))
        return (
            phrase(
                "The provider says of the %(what)s: %(clause)s.", what=what, clause=clause(seen.message or seen.status)
            )
            if seen
            else ""
        )


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing to ask; why, in a sentence."""

    message: str


def batch(work: Work) -> ProviderBatch[ClaimedWebhook, ProviderReport | Nothing]:
    """Everything that waits to be handled."""
    return ProviderBatch(
        kind="inbound_webhook",
        lease=LEASE,
        take=lambda session, limit: inbox.claim_due(session, work.now, limit, LEASE),
        ask=lambda claimed: ask(work.runtime, claimed),
        settle=lambda session, answered: _settle(work, session, answered),
        count=lambda session: inbox.count_due(session, work.now),
    )


def ask(runtime: Runtime, claimed: ClaimedWebhook) -> ProviderReport | Nothing:
    """Ask the provider about what its webhook is about: a signature says who wrote it, not that it is so still."""
    about, concerned = claimed.payload.subject_type, claimed.concerned
    if about == SubjectType.NOTHING:
        return Nothing(NOT_OURS)
    if about == SubjectType.TRANSFER:
        return Nothing("")
    if concerned is None:
        return Nothing(NO_SUBJECT)
    try:
        return _fetched(runtime, claimed, concerned)
    except ProviderRefused as refusal:
        raise Unknown(refusal.sentence) from None


def _fetched(runtime: Runtime, claimed: ClaimedWebhook, concerned: WebhookSubject) -> ProviderReport:
    """Every word about a payment that we know makes us ask what became of it, whatever it is with us."""
    providers, name, about = runtime.providers, claimed.provider, claimed.payload.subject_type
    if about == SubjectType.PAYOUT:
        if name not in providers.payout_senders:
            raise Unavailable(phrase("%(name)s is not configured, so it can't be asked.", name=name))
        return ProviderReport(payout=providers.payout_senders[name].fetch_payout(concerned.reference))
    collector, refund, chargeback = providers.collector(name), None, None
    if about == SubjectType.PAYMENT and not concerned.is_settled:
        return ProviderReport(payment=collector.fetch_payment(concerned.reference))
    if about == SubjectType.REFUND and concerned.refund_id is not None and name in providers.refund_senders:
        refund = send_refunds.fetch(runtime, concerned.refund_id)
    if about == SubjectType.CHARGEBACK and name in providers.chargeback_readers:
        chargeback = providers.chargeback_readers[name].fetch_chargeback(claimed.payload.number)
    return ProviderReport(collector.fetch_payment_with_refunds(concerned.reference), refund, chargeback=chargeback)


def _settle(
    work: Work, session: Session, answered: Sequence[tuple[ClaimedWebhook, ProviderReport | Nothing | NoResponse]]
) -> Outcome:
    outcome, at = Outcome("inbound_webhook"), database_now(session)
    ended: dict[int, tuple[InboundWebhookStatus, str]] = {}
    waiting: dict[int, str] = {}
    reports: list[tuple[ClaimedWebhook, WebhookSubject, ProviderReport]] = []
    for claimed, answer in answered:
        if isinstance(answer, NoResponse):
            waiting[claimed.id] = answer.message
        elif claimed.payload.unreadable:
            ended[claimed.id] = InboundWebhookStatus.FAILED, claimed.payload.unreadable
        elif isinstance(answer, Nothing):
            noted = answer.message or mirror_webhooks.note(session, claimed.payload, at)
            ended[claimed.id] = InboundWebhookStatus.IGNORED if answer.message else InboundWebhookStatus.HANDLED, noted
        elif claimed.concerned is not None:
            reports.append((claimed, claimed.concerned, answer))
            ended[claimed.id] = InboundWebhookStatus.HANDLED, answer.message
    for webhook_id, sentence in _apply(work, session, reports, outcome).items():
        ended[webhook_id] = InboundWebhookStatus.HANDLED, sentence
    inbox.close(session, ended, at=at)
    inbox.put_off(session, waiting, at=at)
    outcome.done = len(ended)
    outcome.refused = [
        RefusedItem(webhook_id, f"webhook {webhook_id}", message) for webhook_id, message in waiting.items()
    ]
    return outcome


def _apply(
    work: Work,
    session: Session,
    reports: Sequence[tuple[ClaimedWebhook, WebhookSubject, ProviderReport]],
    outcome: Outcome,
) -> dict[int, str]:
    """In the order of locks: escrows before wallets. Chargebacks before payments, whose sums they are part of.

    Returns what came of chargebacks, by the webhook's id; what moved is the outcome's.
    """
    at, actor = database_now(session), work.actor
    payments = {about.id: answer.payment for _, about, answer in reports if answer.payment is not None}
    payouts = {about.id: answer.payout for _, about, answer in reports if answer.payout is not None}
    given = {
        about.refund_id: answer.refund for _, about, answer in reports if answer.refund is not None and about.refund_id
    }
    payment_settlement.lock_escrows(session, list(payments))
    noted = {
        claimed.id: chargebacks.settle(session, about.id, answer.chargeback, at=at, actor=actor, settings=work.settings)
        for claimed, about, answer in reports
        if answer.chargeback is not None
    }
    done: list[Outcome] = []
    if payments:
        done.append(payment_settlement.settle_all(session, payments, at=at, actor=actor, settings=work.settings))
    if payouts:
        done.append(payout_settlement.settle_all(session, payouts, at=at, actor=actor, run_id=work.run_id))
    if given:
        done.append(refund_settlement.settle_all(session, given, at=at, actor=actor))
    moved: Counter[str] = Counter()
    for each in done:
        moved.update(each.amounts)
        outcome.other_amounts = added(outcome.other_amounts, each.other_amounts)
    outcome.amounts = dict(moved)
    return noted
