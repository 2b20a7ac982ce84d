"""Asking the external ledger by reference whether it has what it was sent, and what it has besides.

It is asked about a hundred at once. What it lacks is noted, and sent again when a person says so; what it has otherwise
under our references, or has moved in our balances without us, is a discrepancy that a person looks at.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime

from webapp.db import Database
from webapp.domain.words import phrase
from webapp.jobs.steps.mirror.balances import all_lost
from webapp.jobs.steps.mirror.sending import movements_of
from webapp.providers.blnk.provider import MOST_AT_ONCE, TRANSFERS, Blnk, BlnkTransaction, There
from webapp.services.reconciliation import (
    discrepancies,
    mirror_accounts,
    mirror_queue,
    mirror_strangers,
    mirror_webhooks,
)
from webapp.services.reconciliation.comparison import DIFFERENT, MISSING_THERE, Finding
from webapp.services.reconciliation.discrepancies import Compared
from webapp.services.reconciliation.mirror_queue import QueuedTransfer

MOST_FINDINGS, MOST_EARLIER = 1_000, 50_000
_PAGE = 500
_UNMADE = ""
"""In place of a balance that is not there: nothing there is like it."""


class MirrorCheck:
    """One check, of what was sent since an instant or ever. `on_progress` is given how many were asked about."""

    def __init__(
        self,
        db: Database,
        blnk: Blnk,
        *,
        since: datetime | None,
        at: datetime,
        check: Callable[[], None] = lambda: None,
        on_progress: Callable[[int], None] = lambda checked: None,
    ) -> None:
        self._db, self._blnk, self.since, self.at = db, blnk, since, at
        self._check, self._on_progress = check, on_progress
        self._findings: list[Finding] = []
        self._counts: Counter[str] = Counter()
        self._agree: set[str] = set()
        self._earlier: set[str] = set()
        self._accepted: set[str] = set()
        """Those of the earlier ones that a person accepted: they take no place from what is new."""
        self._matched = 0
        self.lost: dict[int, str] = {}
        """Balances that are not there any more, by account."""

    def made(self) -> Compared:
        """Ask about everything that was sent, and note what is lacking. Raises CallFailed."""
        with self._db.reading() as session:
            self._accepted = set(discrepancies.accepted_references(session, TRANSFERS, MOST_EARLIER))
            self._earlier = self._accepted | set(discrepancies.open_references(session, TRANSFERS, MOST_EARLIER))
        self.lost = all_lost(self._db, self._blnk, self._check)
        self._ask_about_ours()
        self._find_others()
        settled = self._agree if self.since or self._is_cut else self._earlier - self._named
        return Compared(
            TRANSFERS, self.at, self.since, None, self._matched, self._findings, settled, counts=self._counts
        )

    @property
    def _is_cut(self) -> bool:
        """Whether there are more findings than are named."""
        return self._counts.total() > len(self._findings)

    @property
    def _named(self) -> set[str]:
        return {each.reference for each in self._findings}

    def _ask_about_ours(self) -> None:
        last = 0
        while True:
            self._check()
            with self._db.reading() as session:
                page = mirror_queue.sent(session, last, _PAGE, self.since)
                balances = mirror_accounts.known(session, sorted({each for one in page for each in one.legs}))
            if not page:
                return
            self._ask(page, {account: balance for account, balance in balances.items() if account not in self.lost})
            last = page[-1].transfer_id
            self._on_progress(len(page))

    def _ask(self, page: Sequence[QueuedTransfer], balances: dict[int, str]) -> None:
        wanted = [(one, movements_of(one, dict.fromkeys(one.legs, _UNMADE) | balances)) for one in page]
        there = self._under([each for _, moves in wanted for each in moves])
        lacks, has, booked = [], [], []
        for one, moves in wanted:
            if any(each.reference not in there for each in moves):
                lacks.append(one.transfer_id)
                detail = phrase("Blnk has no %(reference)s, which it was sent.", reference=one.reference)
                self._find(Finding(MISSING_THERE, one.reference, detail, subject=("transfer", one.transfer_id)))
            else:
                has.append(one.transfer_id)
                self._compare(one, moves, there)
            known = [(each, there.get(each.reference)) for each in moves]
            booked += [each.reference for each, found in known if found and found.has_booked(each)]
        with self._db.transaction() as session:
            mirror_queue.note_checked(session, lacks, has)
            mirror_webhooks.end_rejections(session, booked, self.at)

    def _compare(self, one: QueuedTransfer, wanted: Sequence[BlnkTransaction], there: dict[str, There]) -> None:
        for each in wanted:
            found = there[each.reference]
            if detail := found.difference_from(each):
                amounts = (each.currency, each.amount, found.movement.amount)
                self._find(Finding(DIFFERENT, one.reference, detail, *amounts, ("transfer", one.transfer_id)))
                return
        self._matched += 1
        self._agree |= {one.reference} & self._earlier

    def _under(self, wanted: Sequence[BlnkTransaction]) -> dict[str, There]:
        found: dict[str, There] = {}
        for start in range(0, len(wanted), MOST_AT_ONCE):
            found |= self._blnk.under(wanted[start : start + MOST_AT_ONCE])
        return found

    def _find_others(self) -> None:
        strangers: dict[str, There] = {}
        for part in self._blnk.since(self.since):
            self._check()
            with self._db.reading() as session:
                strangers |= {each.number: each for each in mirror_strangers.among(session, part)}
        for each in mirror_strangers.not_undone(strangers):
            self._find(mirror_strangers.finding(each))

    def _find(self, found: Finding) -> None:
        self._counts[found.kind] += 1
        if found.reference in self._accepted or len(self._findings) < MOST_FINDINGS + len(self._accepted):
            self._findings.append(found)
