"""Comparing our books with everybody else's: the external ledger, and each provider that lists what it has."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol

from webapp.domain.words import phrase
from webapp.jobs.engine.run_control import Stopped
from webapp.jobs.engine.work import Work
from webapp.jobs.steps import verify_payments
from webapp.jobs.steps.reconciliation.blnk import BlnkComparison
from webapp.jobs.steps.reconciliation.provider import MOST_LOOKUPS, Comparison
from webapp.jobs.steps.reconciliation.refunds import RefundComparison
from webapp.providers.http.errors import CallFailed
from webapp.services.reconciliation import discrepancies, provider_records
from webapp.services.reconciliation.discrepancies import Compared


class Comparable(Protocol):
    """A comparison that can be made."""

    @property
    def source(self) -> str:
        """What it is called."""

    def made(self) -> Compared:
        """Make it. Raises CallFailed."""


def reconcile(work: Work) -> None:
    """Make every comparison, write them down and alert; one that can't be made is no discrepancy.

    Payments of which the provider says otherwise are asked about one by one: what was taken back of them stops there.
    """
    for comparison in _comparisons(work):
        compared = _made(work, comparison)
        _record(work, compared)
        concerned = [each.subject[1] for each in compared.findings if each.subject and each.subject[0] == "payment"]
        concerned += compared.again
        if concerned:
            work.in_provider_batches(verify_payments.again(work, concerned[:MOST_LOOKUPS]))
    with work.db.transaction() as session:
        discrepancies.alert(session, work.now)


def _comparisons(work: Work) -> Iterator[Comparable]:
    providers, at = work.runtime.providers, work.now
    if providers.blnk is not None:
        yield BlnkComparison(work.db, providers.blnk, work.control.check, at, work.settings.provider_parallel_calls)
    for name, lists in providers.transaction_listers.items():
        make: Callable[..., Comparison] = partial(Comparison, work.db, provider=name, check=work.control.check, at=at)
        if name in providers.payment_collectors:
            fetch = providers.payment_collectors[name].fetch_payment
            yield make(records=provider_records.PAYMENTS, listed=lists.payments, fetch=fetch)
            yield RefundComparison(
                work.db,
                name,
                lists.refunds,
                providers.payment_collectors[name].fetch_payment_with_refunds,
                work.control.check,
                at,
            )
        if name in providers.payout_senders:
            pays = providers.payout_senders[name]
            yield make(records=provider_records.PAYOUTS, listed=pays.payouts, fetch=pays.fetch_payout)


def _made(work: Work, comparison: Comparable) -> Compared:
    try:
        return comparison.made()
    except CallFailed as failure:
        return Compared(comparison.source, work.now, None, None, 0, (), (), failure.sentence)
    except Stopped:
        _record(
            work,
            Compared(comparison.source, work.now, None, None, 0, (), (), phrase("The run ended before it was done.")),
        )
        raise


def _record(work: Work, compared: Compared) -> None:
    with work.db.transaction() as session:
        compared = discrepancies.record(session, compared, work.run_id)
    found = len(compared.findings)
    counts = {"matched": compared.matched, "discrepancies": found, "undecided": compared.undecided}
    counts |= {"accepted": compared.accepted} if compared.accepted else {}
    level = "warning" if compared.error or compared.findings else "info"
    work.log("books.compared", level, source=compared.source, error=compared.error, **counts)
