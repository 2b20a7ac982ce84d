"""The outbox: events become deliveries, and deliveries go out."""

from datetime import datetime

from sqlalchemy.exc import DBAPIError

from webapp.domain.actors import Actor
from webapp.domain.states import CatchUp
from webapp.jobs import job
from webapp.jobs.engine.work import Work
from webapp.jobs.steps import send_payouts, send_refunds
from webapp.jobs.steps.mirror.sending import mirror
from webapp.jobs.steps.outbox.event_stream import publish
from webapp.jobs.steps.outbox.sender import OutboxSender
from webapp.logs import get_logger
from webapp.services.common.batch_result import Outcome, RefusedItem
from webapp.services.notifications import deliveries, delivery_queue, fan_out
from webapp.services.notifications.delivery_queue import ClaimedDelivery, Failed, Result
from webapp.services.notifications.messages import account_messages, recipients

_COUNTED = 100
"""Deliveries that are counted in one transaction."""
_SENDING = 40.0
"""Seconds for which a run takes more to send: slow receivers may not hold up what providers have to do."""


@job(cron="* * * * *", catch_up=CatchUp.SKIP)
def deliver_outbox(work: Work, at: datetime) -> None:
    """Send notifications, webhooks, alerts and provider instructions that are waiting."""
    if work.dry_run:
        return
    missing = list(recipients.missing(work.settings))
    if missing:
        work.log("channels.not_configured", channels=missing)
    if work.parameters:
        _send_dead_again(work)
    results = DeliveryResults(work)
    while _fan_out(work):
        work.control.check()
    _tell_of_accounts(work)
    OutboxSender(work.runtime, seconds=_SENDING, settled=results.note, check=work.control.check).run()
    results.count()
    _instruct(work)


def _tell_of_accounts(work: Work) -> None:
    """Whoever's sign-in was changed hears of it, where letters can be sent."""
    if not work.settings.smtp_url:
        return
    with work.db.reading() as session:
        is_due = bool(account_messages.unannounced(session, work.now, work.settings))
    if is_due:
        with work.db.transaction() as session:
            account_messages.write(session, work.now, work.settings)


def _instruct(work: Work) -> None:
    """What providers have to do, or have not answered yet: payouts, refunds, and the external ledger's transfers."""
    work.in_provider_batches(send_payouts.batch(work))
    work.in_provider_batches(send_refunds.batch(work))
    mirror(work)


class DeliveryResults:
    """Counts for the run what arrived, and names what did not."""

    def __init__(self, work: Work) -> None:
        self._work, self._outcome = work, Outcome("delivery")

    def note(self, results: list[tuple[ClaimedDelivery, Result]], arrived: int) -> None:
        """Some were settled."""
        self._outcome.done += arrived
        for delivery, result in results:
            if isinstance(result, Failed):
                self._fail(delivery, result)
        if self._outcome.done >= _COUNTED:
            self.count()

    def _fail(self, delivery: ClaimedDelivery, result: Failed) -> None:
        """One that is tried again has not failed yet."""
        self._work.log("delivery.failed", "warning", delivery=delivery.id, kind=delivery.kind, error=result.sentence)
        named = RefusedItem(delivery.id, f"delivery {delivery.id}", result.sentence)
        (self._outcome.failed if delivery_queue.is_over(delivery, result) else self._outcome.refused).append(named)

    def count(self) -> None:
        """Add what arrived to the run."""
        counted = self._outcome
        if not (counted.done or counted.failed or counted.refused):
            return
        self._work.recorder.record(lambda session: counted)
        self._outcome = Outcome("delivery")


def _fan_out(work: Work) -> bool:
    """Fan out one batch of events; says whether there may be more. In a batch that fails, each goes by itself."""
    try:
        return _step(work, fan_out.AT_ONCE) == fan_out.AT_ONCE
    except DBAPIError:
        raise
    except Exception as problem:
        work.log("events.failed", "error", problem=type(problem).__name__)
    while _one(work):
        work.control.check()
    return False


def _one(work: Work) -> int:
    """The oldest unsent event; one whose messages can't be written is told to systems only."""
    try:
        return _step(work, 1)
    except DBAPIError:
        raise
    except Exception:
        get_logger().exception("messages.failed")
    return _step(work, 1, to_people=False)


def _step(work: Work, limit: int, *, to_people: bool = True) -> int:
    with work.db.transaction() as session:
        events = fan_out.fan_out(session, work.now, work.settings, limit=limit, to_people=to_people)
    if events:
        publish(work.runtime, events)
    return len(events)


def _send_dead_again(work: Work) -> None:
    """As a person asked: all dead letters that match, in steps."""
    allowed = frozenset({"delivery:retry", "webhook:replay"})
    actor = Actor("job", None, work.recorder.run.by_name, allowed, f"run-{work.run_id}")
    while True:
        work.control.check()
        with work.db.transaction() as session:
            work.recorder.fence(session)
            done = deliveries.send_dead_again(session, work.parameters, at=work.now, actor=actor)
        work.log("dead_letters.sent_again", count=done)
        if done == 0:
            return
