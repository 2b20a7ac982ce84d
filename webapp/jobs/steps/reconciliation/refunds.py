"""Comparing what we gave back in the last two days with what a provider lists as given back, whoever did it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from webapp.db import Database
from webapp.domain.money.money import Money
from webapp.domain.numbers import counted
from webapp.domain.payments.duplicate_payments import separate_duplicates
from webapp.domain.payments.loss_allocation import taken_back
from webapp.domain.providers.provider_results import ProviderResponse, ProviderStatus, SkippedRow
from webapp.domain.words import phrase
from webapp.providers.protocols import ListedRefund
from webapp.services.payments import refund_records
from webapp.services.payments.refund_records import Refunded
from webapp.services.reconciliation import discrepancies
from webapp.services.reconciliation.comparison import DIFFERENT, MISSING_THERE, Finding
from webapp.services.reconciliation.discrepancies import Compared

WINDOW = timedelta(hours=48)
_EDGE = timedelta(hours=1)
_PAGE = 500
MOST_FINDINGS, MOST_LOOKUPS = 5_000, 500


@dataclass
class RefundComparison:
    """One comparison, payment by payment. Sums that a listed row or a refund of ours does not explain by itself make
    us ask the provider about the whole payment.
    """

    db: Database
    provider: str
    listed: Callable[[datetime, datetime], Iterator[ListedRefund | SkippedRow]]
    fetch_payment_with_refunds: Callable[[str], ProviderResponse]
    check: Callable[[], None]
    at: datetime
    agreeing: set[str] = field(default_factory=set)
    """Payments of which both say that the same went back."""
    undecided: set[str] = field(default_factory=set)
    """Payments of which a refund is under way here, or was done a moment ago: it is too early to say."""
    lookups: int = 0
    skipped: int = 0
    """Rows of the list that can't be read."""
    findings: dict[str, Finding] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)

    @property
    def source(self) -> str:
        """What this comparison is called."""
        return f"{self.provider}-refunds"

    def made(self) -> Compared:
        """Compare. Raises CallFailed when the provider can't be asked to the end."""
        since, until = self.at - WINDOW, self.at
        with self.db.reading() as session:
            earlier = discrepancies.open_references(session, self.source, MOST_FINDINGS)
        explained = self._compare_theirs(since - _EDGE, until)
        self._compare_ours(since, until - _EDGE, explained, self._recheck)
        self._compare_ours(until - _EDGE, until, explained, self._wait)
        self._recheck_earlier(earlier)
        error = None
        if self.lookups > MOST_LOOKUPS:
            error = phrase(
                "There is more than is compared at once: to be asked about are %(payments)s.",
                payments=counted(self.lookups, "payment"),
            )
        found = list(self.findings.values())
        undecided = self.undecided - self.agreeing - self.findings.keys()
        return Compared(
            self.source,
            self.at,
            since,
            until,
            len(self.agreeing),
            found,
            self.settled,
            error,
            skipped=self.skipped,
            undecided=len(undecided),
        )

    def _compare_theirs(self, since: datetime, until: datetime) -> set[int]:
        """Theirs against ours; returns our payments of which each listed row is a refund of ours."""
        explained: dict[int, Refunded] = {}
        doubtful: dict[int, Refunded] = {}
        rows = self.listed(since, until)
        while taken := list(islice(rows, _PAGE)):
            self.check()
            page = [row for row in taken if isinstance(row, ListedRefund)]
            self.skipped += len(taken) - len(page)
            with self.db.reading() as session:
                known = refund_records.by_number(session, self.provider, page)
            for row in page:
                ours = known.get(row.payment)
                if ours is None or row.status == ProviderStatus.FAILED:
                    continue
                if not row.dispute and row.minor(ours.currency) in ours.refunds:
                    explained[ours.payment_id] = ours
                else:
                    doubtful[ours.payment_id] = ours
        for ours in doubtful.values():
            self._recheck(ours)
        for number in explained.keys() - doubtful.keys():
            ours = explained[number]
            (self.agreeing if ours.is_done else self.undecided).add(ours.reference)
        return explained.keys() | doubtful.keys()

    def _compare_ours(
        self, since: datetime, until: datetime, met: set[int], lacking: Callable[[Refunded], None]
    ) -> None:
        """Refunds that are done with us in a time, and what is to be said of those that their list did not have."""
        last = 0
        while True:
            self.check()
            with self.db.reading() as session:
                page = refund_records.done(session, self.provider, since, until, last, _PAGE)
            if not page:
                return
            for refund_id, ours in page:
                last = refund_id
                if ours.payment_id not in met:
                    lacking(ours)

    def _recheck_earlier(self, earlier: list[str]) -> None:
        """Discrepancies from before that were not met now: they may agree by now."""
        unmet = [reference for reference in earlier if reference not in self.findings and reference not in self.settled]
        with self.db.reading() as session:
            known = refund_records.by_reference(session, self.provider, unmet[:MOST_LOOKUPS])
        for ours in known.values():
            self._recheck(ours)

    def _wait(self, ours: Refunded) -> None:
        self.undecided.add(ours.reference)

    def _recheck(self, ours: Refunded) -> None:
        self.check()
        self.lookups += 1
        if self.lookups > MOST_LOOKUPS:
            return
        theirs, _ = separate_duplicates(self.fetch_payment_with_refunds(ours.reference), ours.number, is_by_hand=False)
        found = discrepancy(ours, theirs) if isinstance(theirs, ProviderResponse) else None
        if found is None:
            self.agreeing.add(ours.reference)
            self.settled.add(ours.reference)
        elif len(self.findings) < MOST_FINDINGS:
            self.findings[ours.reference] = found


def discrepancy(ours: Refunded, theirs: ProviderResponse) -> Finding | None:
    """What went back there against what went back here, of one payment."""
    if theirs.given_back is None:
        return None
    there = theirs.refunded_amount or 0
    here = sum(ours.refunds) + ours.covered + ours.taken_back
    taken = taken_back(theirs.given_back, ours.refunds, ours.lost, ours.covered)
    if taken != ours.taken_back:
        return _finding(ours, DIFFERENT, here, there)
    unmarked = [each.amount for each in theirs.given_back if each.dispute is None]
    lacking = [amount for amount in ours.done if amount not in unmarked and not ours.covered]
    return _finding(ours, MISSING_THERE, here, there) if lacking else None


def _finding(ours: Refunded, kind: str, here: int, there: int) -> Finding:
    detail = phrase(
        "%(here)s went back here and %(there)s there.",
        here=Money(here, ours.currency),
        there=Money(there, ours.currency),
    )
    subject = ("payment", ours.payment_id)
    return Finding(kind, ours.reference, detail, ours.currency, here, there, subject)
