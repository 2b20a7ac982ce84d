"""The channels of the outbox: webhooks by HTTP, emails by SMTP, SMS and chats by Apprise. No database in here."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import takewhile

from webapp.domain.outbox import addresses, webhook_signing
from webapp.domain.outbox.delivery_rules import is_refusal
from webapp.domain.states import Channel
from webapp.encryption import decrypt
from webapp.logs import get_logger
from webapp.providers.http.errors import CallFailed, NotSent, ProviderRefused
from webapp.providers.http.leases import EffectLease, LeaseEnded
from webapp.providers.http.rate_limiter import RateLimiter
from webapp.providers.messaging.apprise import Chat
from webapp.providers.messaging.smtp import Email, Mail
from webapp.providers.messaging.webhook_sender import WebhookPosts, WebhookResponse
from webapp.services.notifications.delivery_queue import ClaimedDelivery, Failed, NotTried, Result, Sent
from webapp.services.notifications.messages import invitation_letters
from webapp.services.users import one_time_links
from webapp.settings import Settings

_PATIENCE, _BATCH_SECONDS = 5.0, 60.0
"""Seconds that one waits for its turn, and for which one goes on with a lane."""
_OWN_PATIENCE = 1.0
"""Seconds after which an endpoint that was called as often as it may be is called again."""
_GONE = 410


class Channels:
    """Sends deliveries and says how each ended; never raises. Safe to use from many threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        allowed = addresses.networks(settings.webhook_private_addresses)
        self._posts = WebhookPosts(settings.provider_timeout_seconds, allowed)
        self._mail = Mail(settings.smtp_url, settings.mail_from, settings.provider_timeout_seconds)
        self._chat = Chat(settings.notify_urls, settings.alert_urls)
        self._own_paces: dict[tuple[int | None, int | None], RateLimiter] = {}
        self._paces = {
            channel: RateLimiter(f"out-{channel}", count, settings.redis_address)
            for channel, count in _per_minute(settings).items()
        }

    def send(self, deliveries: list[ClaimedDelivery], lease: EffectLease) -> list[tuple[ClaimedDelivery, Result]]:
        """Send deliveries of one channel, in order; those that the lease is over for have had no turn."""
        with lease.held():
            return self._sent(deliveries)

    def _sent(self, deliveries: list[ClaimedDelivery]) -> list[tuple[ClaimedDelivery, Result]]:
        if deliveries[0].channel == Channel.EMAIL:
            return self._emails(deliveries)
        if deliveries[0].batch_size > 1:
            return list(self._in_batches(deliveries))
        return list(
            self._in_order(deliveries, self._webhook if deliveries[0].channel == Channel.WEBHOOK else self._message)
        )

    def _in_order(
        self, deliveries: list[ClaimedDelivery], way: Callable[[ClaimedDelivery], Result]
    ) -> Iterator[tuple[ClaimedDelivery, Result]]:
        """One after the other, until one does not arrive or the time is over: the others stay behind it."""
        ends, goes_on = time.monotonic() + _BATCH_SECONDS, True
        for delivery in deliveries:
            result = self._ended(delivery, way) if goes_on else NotTried(0)
            goes_on = goes_on and isinstance(result, Sent) and time.monotonic() < ends
            yield delivery, result

    def _in_batches(self, deliveries: list[ClaimedDelivery]) -> Iterator[tuple[ClaimedDelivery, Result]]:
        """As many at once as the endpoint takes, batch after batch, until one does not arrive or the time is over."""
        ends, waiting = time.monotonic() + _BATCH_SECONDS, deque(deliveries)
        size = deliveries[0].batch_size
        while waiting:
            few = [waiting.popleft() for _ in range(min(size, len(waiting)))]
            result = self._ended(few[0], lambda _, few=few: self._batch(few))  # type: ignore[misc]
            if isinstance(result, Failed) and len(few) > 1 and is_refusal(result.status):
                # One of them is what it does not take: the others are not to wait for it, nor to be given up with it.
                size = (len(few) + 1) // 2
                waiting.extendleft(reversed(few))
                continue
            yield few[0], result
            yield from ((each, result if isinstance(result, Sent) else NotTried(0)) for each in few[1:])
            if not isinstance(result, Sent) or time.monotonic() >= ends:
                yield from ((each, NotTried(0)) for each in waiting)
                return

    def _ended(self, delivery: ClaimedDelivery, way: Callable[[ClaimedDelivery], Result]) -> Result:
        if not self._has_turn(delivery.channel):
            return NotTried()
        if delivery.calls_per_minute is not None and not self._may_call(delivery):
            return NotTried(_OWN_PATIENCE)
        try:
            return way(delivery)
        except LeaseEnded:
            return NotTried(0)
        except CallFailed as failure:
            return failed(failure)
        except Exception as problem:
            get_logger().exception("delivery.raised", delivery=delivery.id)
            return Failed(f"It can't be sent: {type(problem).__name__}.")

    def _webhook(self, delivery: ClaimedDelivery) -> Result:
        return self._posted(delivery, delivery.message_id, delivery.body)

    def _batch(self, deliveries: list[ClaimedDelivery]) -> Result:
        """One call for many events, in order, signed as one message."""
        first, last = deliveries[0], deliveries[-1]
        body = f'{{"events": [{", ".join(each.body for each in deliveries)}]}}'
        return self._posted(first, f"{first.message_id}-{last.message_id}", body)

    def _posted(self, delivery: ClaimedDelivery, message_id: str, body: str) -> Result:
        secret, *former = (decrypt(each, self._settings.encryption_keys) for each in delivery.secrets_encrypted)
        signed = webhook_signing.headers(secret, message_id, int(time.time()), body, former)
        answer = self._posts.post(delivery.url or "", body, signed)
        return Sent(answer.status) if answer.is_good else _answered(answer)

    def _message(self, delivery: ClaimedDelivery) -> Result:
        self._chat.say(delivery.channel, delivery.recipient, delivery.title, delivery.body)
        return Sent()

    def _emails(self, deliveries: list[ClaimedDelivery]) -> list[tuple[ClaimedDelivery, Result]]:
        turns = list(takewhile(lambda delivery: self._has_turn(delivery.channel), deliveries))
        emails = [
            Email(f"delivery-{each.id}", each.recipient, each.title, self._sent_body(each), each.attachments)
            for each in turns
        ]
        ended = dict(zip([each.id for each in turns], self._mail.send(emails), strict=True))
        return [(delivery, _of_email(ended.get(delivery.id, NotTried()))) for delivery in deliveries]

    def _sent_body(self, letter: ClaimedDelivery) -> str:
        """What is sent, which in an invitation is more than what is kept."""
        is_invitation = letter.kind == invitation_letters.KIND
        return one_time_links.filled(letter.body, self._settings.link_key) if is_invitation else letter.body

    def _may_call(self, delivery: ClaimedDelivery) -> bool:
        """Whether the endpoint itself may be called now; it is not waited for, since others may go meanwhile."""
        key = (delivery.endpoint_id, delivery.calls_per_minute)
        pace = self._own_paces.get(key)
        if pace is None:
            name = f"out-endpoint-{delivery.endpoint_id}"
            pace = RateLimiter(name, delivery.calls_per_minute or 1, self._settings.redis_address)
            self._own_paces[key] = pace
        try:
            pace.wait(0)
        except NotSent:
            return False
        return True

    def _has_turn(self, channel: str) -> bool:
        try:
            self._paces[Channel(channel)].wait(_PATIENCE)
        except NotSent:
            return False
        return True


def _per_minute(settings: Settings) -> dict[Channel, int]:
    """How often all processes together send by each channel."""
    return {
        Channel.WEBHOOK: settings.webhooks_per_minute,
        Channel.EMAIL: settings.emails_per_minute,
        Channel.SMS: settings.sms_per_minute,
        Channel.CHAT: settings.chats_per_minute,
    }


def failed(failure: CallFailed) -> Failed:
    """A call's failure as a delivery's: what was refused is not tried again."""
    return Failed(failure.sentence, retry_after=failure.retry_after, for_good=isinstance(failure, ProviderRefused))


def _answered(answer: WebhookResponse) -> Failed:
    sentence = f"It answered {answer.status}" + (f": {answer.excerpt}" if answer.excerpt else ".")
    return Failed(sentence, answer.status, answer.retry_after, gone=answer.status == _GONE)


def _of_email(ended: CallFailed | NotTried | None) -> Result:
    if ended is None:
        return Sent()
    if isinstance(ended, LeaseEnded):
        return NotTried(0)
    return failed(ended) if isinstance(ended, CallFailed) else NotTried()
