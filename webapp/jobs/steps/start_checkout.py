"""Beginning a checkout at its provider: after the payment is written, outside of any transaction."""

from datetime import timedelta

from webapp import clock
from webapp.domain.actors import Actor
from webapp.domain.words import phrase
from webapp.errors import Conflict, Unavailable
from webapp.models import Payment
from webapp.providers.http.errors import CallFailed, Unknown
from webapp.providers.http.leases import EffectLease
from webapp.providers.protocols import Checkout
from webapp.runtime import Runtime
from webapp.services.common import instance
from webapp.services.payments import payments

LEASE = timedelta(minutes=2)
"""How long after it was looked at a payment's checkout may begin: its provider is not asked about it before."""


def begin(runtime: Runtime, payment_id: int, actor: Actor) -> Payment:
    """Begin the payment's checkout unless it has begun; returns the payment with its address.

    A desk that may be a copy begins none: NotTheOriginal. A provider that surely did nothing makes it a failed attempt,
    and raises Conflict or Unavailable with its sentence. After a time-out the payment stays pending, without an
    address: the provider is asked about it in time.
    """
    lease = EffectLease(LEASE)
    with runtime.db.reading() as session:
        instance.require(session)
        payment = payments.get(session, payment_id)
        if payment.checkout_url is not None or payment.reference is None:
            return payment
        email = payments.payer_email(session, payment)
    back = runtime.settings.public_address
    checkout = Checkout(payment.reference, payment.amount, payment.currency, email, back)
    try:
        with lease.held():
            address = runtime.providers.collector(payment.provider).start(checkout)
    except Unknown as unknown:
        raise Unavailable(
            phrase("%(sentence)s The payment stays pending and is asked about later.", sentence=unknown.sentence)
        ) from None
    except CallFailed as failure:
        with runtime.db.transaction() as session:
            payments.note_no_checkout(session, payment_id, failure.sentence, at=clock.now(), actor=actor)
        raise Conflict(failure.sentence) from None
    with runtime.db.transaction() as session:
        return payments.note_checkout(session, payment_id, address)
