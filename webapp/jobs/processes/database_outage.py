"""An outage of the database can't be written down, so it is said at once by whoever sees it."""

import time
from datetime import timedelta
from itertools import groupby

from webapp.jobs.steps.outbox.channels import Channels
from webapp.providers.http.leases import EffectLease
from webapp.services.notifications.delivery_queue import ClaimedDelivery
from webapp.services.notifications.messages import recipients
from webapp.services.notifications.messages.recipients import Recipient
from webapp.settings import Settings

PATIENCE = 60.0
_FRESH = timedelta(minutes=5)
"""For how long it is worth saying."""
_AWAY = ("Urgent: the database does not answer", "The desk's database has not answered for a minute. Nothing moves.")
_BACK = ("Resolved: the database answers again", "The desk's database answers again. What waited goes on.")


class DatabaseOutage:
    """What this process has seen of the database, and whether it has said so."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._since: float | None = None
        self._reported = False

    def goes_on(self) -> None:
        """The database did not answer. After a minute of that, say it once."""
        self._since = self._since or time.monotonic()
        if not self._reported and time.monotonic() - self._since >= PATIENCE:
            self._reported = True
            self._say(*_AWAY)

    def over(self) -> None:
        """The database answered."""
        was_reported, self._since, self._reported = self._reported, None, False
        if was_reported:
            self._say(*_BACK)

    def _say(self, title: str, body: str) -> None:
        to = sorted(recipients.of_alerts(self._settings), key=lambda each: each.channel)
        channels, first = Channels(self._settings), int(time.time() * 1000)
        for _channel, group in groupby(to, key=lambda each: each.channel):
            deliveries = [_delivery(number, each, title, body) for number, each in enumerate(group, first)]
            channels.send(deliveries, EffectLease(_FRESH))


def _delivery(number: int, to: Recipient, title: str, body: str) -> ClaimedDelivery:
    return ClaimedDelivery(number, 1, to.channel, "alert.outage", "", to.lane, None, None, (), to.address, title, body)
