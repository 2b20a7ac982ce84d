"""Comparing our payments or payouts of the last two days with a provider's list of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from webapp.db import Database
from webapp.domain.providers.provider_results import ProviderResponse, SkippedRow
from webapp.domain.words import phrase
from webapp.jobs.steps.reconciliation.provider_listing import ProviderListing
from webapp.services.reconciliation import discrepancies
from webapp.services.reconciliation.comparison import Alike, Finding, InternalRecord, compared
from webapp.services.reconciliation.discrepancies import Compared
from webapp.services.reconciliation.provider_records import ProviderRecords

WINDOW = timedelta(hours=48)
_EDGE = timedelta(hours=1)
"""Theirs is asked for so much more than ours on both sides: the two clocks and what is under way."""
_PAGE = 500
MOST_FINDINGS, MOST_LOOKUPS = 5_000, 500


@dataclass
class Comparison:
    """One comparison of one book with one provider's list."""

    db: Database
    records: ProviderRecords
    provider: str
    listed: Callable[[datetime, datetime], Iterator[ProviderResponse | SkippedRow]]
    fetch: Callable[[str], ProviderResponse]
    """Asks the provider about one reference: the list may end where the thing begins."""
    check: Callable[[], None]
    at: datetime
    matched: int = 0
    findings: dict[str, Finding] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    earlier: set[str] = field(default_factory=set)
    lookups: int = 0
    skipped: int = 0
    """Rows of the list that can't be ours, can't be read, or moved nothing."""
    undecided: set[str] = field(default_factory=set)
    """Ours that are too young to say."""
    twice: list[int] = field(default_factory=list)
    """Ours of which the list has two successes."""

    @property
    def source(self) -> str:
        """What this comparison is called."""
        return f"{self.provider}-{self.records.kind}s"

    def made(self) -> Compared:
        """Compare. Raises CallFailed when the provider can't be asked to the end."""
        since, until = self.at - WINDOW, self.at
        with self.db.reading() as session:
            self.earlier = set(discrepancies.open_references(session, self.source, MOST_FINDINGS))
        with ProviderListing() as theirs:
            self._lay_down(theirs, since - _EDGE, until)
            self._note_twice(theirs)
            self._walk_ours(theirs, since, until - _EDGE, self._ask)
            self._walk_ours(theirs, until - _EDGE, until, self._wait)
            for page in theirs.pages():
                self._compare_theirs({seen.reference: seen for seen in page})
        self._recheck_earlier()
        error = None
        if self.lookups >= MOST_LOOKUPS or len(self.findings) >= MOST_FINDINGS:
            error = phrase(
                "There is more than is compared at once: %(count)s discrepancies are written down.",
                count=len(self.findings),
            )
        found = list(self.findings.values())
        return Compared(
            self.source,
            self.at,
            since,
            until,
            self.matched,
            found,
            self.settled,
            error,
            skipped=self.skipped,
            undecided=len(self.undecided),
            again=self.twice,
        )

    def _lay_down(self, theirs: ProviderListing, since: datetime, until: datetime) -> None:
        rows = self.listed(since, until)
        while page := list(islice(rows, _PAGE)):
            theirs.add(each for each in page if isinstance(each, ProviderResponse))
            self.skipped += sum(isinstance(each, SkippedRow) for each in page)
            self.check()

    def _note_twice(self, theirs: ProviderListing) -> None:
        references = theirs.twice(MOST_LOOKUPS)
        with self.db.reading() as session:
            ours = self.records.by_reference(session, self.provider, references, self.at)
        self.twice = sorted(each.subject[1] for each in ours.values())

    def _walk_ours(
        self,
        theirs: ProviderListing,
        since: datetime,
        until: datetime,
        lacking: Callable[[InternalRecord], ProviderResponse | None],
    ) -> None:
        """Ours of the time, with what the list has of them, or what is found of what it lacks."""
        last = 0
        while True:
            self.check()
            with self.db.reading() as session:
                page = self.records.page(session, self.provider, since, until, last, _PAGE, self.at)
            if not page:
                return
            found = theirs.take([each.reference for each in page])
            for ours in page:
                if seen := found.get(ours.reference) or lacking(ours):
                    self._note(ours.reference, compared(ours, seen, self.records.expected))
            last = page[-1].subject[1]

    def _compare_theirs(self, page: dict[str, ProviderResponse]) -> None:
        """What the list has besides: of another time or state with us, or unknown."""
        self.check()
        with self.db.reading() as session:
            ours = self.records.by_reference(session, self.provider, list(page), self.at)
        for reference, seen in page.items():
            self._note(reference, compared(ours.get(reference), seen, self.records.expected))

    def _recheck_earlier(self) -> None:
        """Discrepancies from before that were not met now: they may agree by now, and are never just forgotten."""
        unmet = sorted(self.earlier - self.findings.keys() - self.settled)[:MOST_LOOKUPS]
        with self.db.reading() as session:
            ours = self.records.by_reference(session, self.provider, unmet, self.at)
        for reference in unmet:
            self.check()
            if seen := self._fetch_one(reference):
                self._note(reference, compared(ours.get(reference), seen, self.records.expected))

    def _ask(self, ours: InternalRecord) -> ProviderResponse | None:
        return self._fetch_one(ours.reference)

    def _wait(self, ours: InternalRecord) -> None:
        """It was made a moment ago: their list may not have it yet, and nothing is known of it."""
        self.undecided.add(ours.reference)

    def _fetch_one(self, reference: str) -> ProviderResponse | None:
        self.lookups += 1
        return self.fetch(reference) if self.lookups <= MOST_LOOKUPS else None

    def _note(self, reference: str, found: Finding | Alike) -> None:
        """Count what was found. What can't be said of an earlier discrepancy leaves it as it is."""
        self.undecided.discard(reference)
        if found == Alike.UNDECIDED:
            self.undecided.add(reference)
        elif isinstance(found, Finding):
            if len(self.findings) < MOST_FINDINGS:
                self.findings[reference] = found
        else:
            self.matched += found == Alike.AGREES
            self.skipped += found == Alike.NO_MATTER
            self.settled |= {reference} & self.earlier
