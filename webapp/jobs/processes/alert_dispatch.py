"""Alerts leave from every scheduler and worker process: one that lives is enough to tell that the others do not."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

from redis.exceptions import RedisError
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from webapp.domain.states import AlertStatus
from webapp.jobs.processes.database_outage import DatabaseOutage
from webapp.jobs.steps.evaluate_alerts import evaluate_all
from webapp.jobs.steps.outbox.sender import OutboxSender
from webapp.logs import get_logger
from webapp.models import Alert
from webapp.providers.messaging import heartbeat_ping
from webapp.runtime import Runtime
from webapp.services.common import instance
from webapp.services.notifications import delivery_queue
from webapp.services.notifications.messages import alert_messages, recipients
from webapp.services.scheduling import processes
from webapp.sql import database_now

EVERY, BEAT_EVERY = 15.0, 60.0


class AlertDispatcher:
    """A thread that sends alerts. A worker's evaluates the rules too while no scheduler does.

    A scheduler's also tells the monitor outside that all is well.
    """

    def __init__(self, runtime: Runtime, kind: str) -> None:
        self._runtime, self._kind = runtime, kind
        self._outage = DatabaseOutage(runtime.settings)
        self._beat_at = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go, daemon=True, name="alert-post")

    def start(self) -> None:
        """Begin, with the first look after a while: others may be just as new."""
        self._thread.start()

    def stop(self) -> None:
        """End with the look at hand."""
        self._over.set()
        self._thread.join(timeout=10)

    def check(self) -> None:
        """Evaluate the rules if nobody else does, send what is due, and tell the monitor.

        What fails is tried with the next look.
        """
        if self._kind == processes.WORKER:
            self._safely(lambda: evaluate_without_scheduler(self._runtime))
        self._safely(lambda: send_alerts(self._runtime))
        if self._kind == processes.SCHEDULER and time.monotonic() >= self._beat_at:
            self._beat_at = time.monotonic() + BEAT_EVERY
            self._safely(lambda: beat(self._runtime))

    def _go(self) -> None:
        while not self._over.wait(EVERY):
            self.check()

    def _safely(self, act: Callable[[], object]) -> None:
        try:
            act()
            self._outage.over()
        except (DBAPIError, RedisError, OSError) as problem:
            get_logger().warning("alerts.outage", problem=str(problem).partition("\n")[0])
            if isinstance(problem, DBAPIError):
                self._outage.goes_on()
        except Exception:
            get_logger().exception("alerts.failed")


def send_alerts(runtime: Runtime) -> None:
    """Write the messages of alerts that nobody was told of, and send them. Two at once send each once."""
    if not recipients.of_alerts(runtime.settings):
        return
    with runtime.db.reading() as session:
        now = database_now(session)
        new = bool(alert_messages.unannounced(session, now))
        due = session.scalars(delivery_queue.due(now, delivery_queue.ALERTS).limit(1)).first() is not None
    if new:
        with runtime.db.transaction() as session:
            alert_messages.write(session, now, runtime.settings)
    if new or due:
        OutboxSender(runtime, only=delivery_queue.ALERTS).run()


def evaluate_without_scheduler(runtime: Runtime) -> None:
    """Evaluate the alert rules when no scheduler does."""
    with runtime.db.reading() as session:
        evaluated = _alive(session, runtime, processes.SCHEDULER)
    if not evaluated:
        evaluate_all(runtime)


def beat(runtime: Runtime) -> bool:
    """Tell the monitor that all is well, if it is: workers live, nothing urgent is the matter, and this is no copy."""
    url = runtime.settings.heartbeat_url
    if not url:
        return False
    with runtime.db.reading() as session:
        urgent = select(Alert.id).where(Alert.status == AlertStatus.FIRING, Alert.severity == "page", ~Alert.demo)
        well = _alive(session, runtime, processes.WORKER) and session.scalars(urgent.limit(1)).first() is None
        well = well and not instance.mismatch(session)
    is_pinged = well and heartbeat_ping.ping(url)
    if well and not is_pinged:
        get_logger().warning("heartbeat.unheard")
    return is_pinged


def _alive(session: Session, runtime: Runtime, kind: str) -> bool:
    patience = timedelta(seconds=runtime.settings.silence_seconds)
    return bool(processes.alive(session, kind, database_now(session), patience))
