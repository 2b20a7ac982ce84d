"""What a subscription means now, in sentences: may its tenant sell, until when, and what ends that."""

from collections.abc import Iterator
from datetime import datetime

from webapp import clock
from webapp.domain.states import SubscriptionStatus
from webapp.domain.subscriptions import status_at
from webapp.domain.words import phrase
from webapp.services.subscriptions.search import OfTenant
from webapp.settings import Settings


def sentences(of: OfTenant, at: datetime, settings: Settings) -> list[str]:
    """The first says how it is, the others what to know besides. Instants are RFC 3339."""
    return [*_standing(of, at, settings), *_besides(of, at, settings)]


def _standing(of: OfTenant, at: datetime, settings: Settings) -> Iterator[str]:
    one, over = of.subscription, clock.iso(of.grace_ends_at(settings))
    date = clock.iso(one.expire_date)
    if one.suspended_by_hand:
        yield phrase(
            "A person suspended it: new orders are refused until somebody resumes it. A renewal does not end that."
        )
    elif one.status == SubscriptionStatus.SUSPENDED:
        yield phrase(
            "It expired on %(date)s, and its grace was over on %(over)s: new orders are refused until it is renewed.",
            date=date,
            over=over,
        )
    elif one.status == SubscriptionStatus.EXPIRED:
        yield phrase(
            "It expired on %(date)s. The tenant sells on until %(over)s; then new orders are refused.",
            date=date,
            over=over,
        )
    else:
        yield phrase(
            "It is active until %(date)s, and the tenant sells until %(over)s if nobody renews it.",
            date=date,
            over=over,
        )


def _besides(of: OfTenant, at: datetime, settings: Settings) -> Iterator[str]:
    one, grace = of.subscription, of.grace_ends_at(settings) - of.subscription.expire_date
    due = status_at(one.expire_date, grace, at)
    if one.status != due and not one.suspended_by_hand and one.status != SubscriptionStatus.SUSPENDED:
        yield phrase("The next run of expire_subscriptions marks it as %(due)s.", due=due)
    if one.payment_pending_since:
        since = clock.iso(one.payment_pending_since)
        wrong = one.status == SubscriptionStatus.SUSPENDED and not one.suspended_by_hand
        besides = (
            phrase(" It was suspended all the same: look at the payment, then renew or extend it.") if wrong else ""
        )
        yield phrase(
            "The marketplace says that a payment for it is on its way since %(since)s.%(besides)s",
            since=since,
            besides=besides,
        )
    if not of.tenant.email:
        yield phrase("The tenant has no email address, so that it is told nothing and can't be reminded.")
