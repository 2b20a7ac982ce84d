"""The outbox: events become deliveries, and deliveries go out."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from queue import Empty, Queue
from threading import Event, Thread

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
"""Seconds for which a run takes more to send."""
_MEANWHILE, _POLL, _FIRST = 3.0, 0.05, 1.0
"""Seconds between two looks: at what providers have to do while messages go out, at what was settled, and at what was
due before this run, which is sent first where the rest takes longer.
"""


@job(title="Send what waits to go out", cron="* * * * *", catch_up=CatchUp.SKIP)
def deliver_outbox(work: Work, at: datetime) -> None:
    """Send notifications, webhooks, alerts and provider instructions that are waiting."""
    if work.dry_run:
        return
    missing = list(recipients.missing(work.settings))
    if missing:
        work.log("channels.not_configured", channels=missing)
    if work.parameters:
        _send_dead_again(work)
    # Side by side: no payout waits behind a message, and no message behind a payout.
    with _sending(work) as sending:
        _instruct(work)
        _fan_all_out(work)
        _tell_of_accounts(work)
        sending.finish()
        while sending.goes_on():
            _instruct(work)
    sending.raise_problem()


@contextmanager
def _sending(work: Work) -> Iterator["Sending"]:
    """Messages go out in a thread of their own while the run does something else, which stops them when it ends."""
    sending = Sending(work)
    try:
        yield sending
    finally:
        sending.stop()


class Sending:
    """Sends what is due, again and again until it is to finish; what came of it is counted in the run's own thread."""

    def __init__(self, work: Work) -> None:
        self._results = DeliveryResults(work)
        self._control = work.control
        self._settled: Queue[tuple[list[tuple[ClaimedDelivery, Result]], int]] = Queue()
        self._finishes, self._stops = Event(), Event()
        self._problem: BaseException | None = None
        self._sender = OutboxSender(work.runtime, seconds=_SENDING, settled=self._note, check=self._check)
        self._thread = Thread(target=self._run, name="outbox")
        self._thread.start()

    def goes_on(self) -> bool:
        """Whether it still sends, after some seconds at most. Raises Stopped when the run has to stop."""
        ends = time.monotonic() + _MEANWHILE
        while self._thread.is_alive() and time.monotonic() < ends:
            self._control.check()
            self._thread.join(_POLL)
            self._count()
        return self._thread.is_alive()

    def finish(self) -> None:
        """Everything is written: send what is due once more."""
        self._finishes.set()

    def stop(self) -> None:
        """Take nothing more, and wait for what is under way."""
        self._stops.set()
        self._finishes.set()
        self._thread.join()
        self._count()
        self._results.count()

    def raise_problem(self) -> None:
        """Raise what ended it, if anything did but this run."""
        if self._problem is not None:
            raise self._problem

    def _run(self) -> None:
        try:
            while not self._finishes.wait(_FIRST):
                self._sender.run()
            self._sender.run()
        except _StopSending:
            pass
        except BaseException as problem:  # It is the run's, and raised there.
            self._problem = problem

    def _check(self) -> None:
        if self._stops.is_set():
            raise _StopSending

    def _note(self, results: list[tuple[ClaimedDelivery, Result]], arrived: int) -> None:
        self._settled.put(([each for each in results if isinstance(each[1], Failed)], arrived))

    def _count(self) -> None:
        with suppress(Empty):
            while True:
                self._results.note(*self._settled.get_nowait())


class _StopSending(Exception):
    """The run ends."""


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


def _fan_all_out(work: Work) -> None:
    """Turn every event into deliveries; what providers have to do is looked at meanwhile, for events may be many."""
    since = time.monotonic()
    while _fan_out(work):
        work.control.check()
        if time.monotonic() - since > _MEANWHILE:
            _instruct(work)
            since = time.monotonic()


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
