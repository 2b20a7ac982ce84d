"""Comparing each account with the external ledger's balance of it.

The two can't be read at one instant. What differs is read again on both sides: it is a discrepancy when ours stood
still and nothing was on its way; what keeps moving is left to the next hour.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from webapp.db import Database
from webapp.domain.numbers import counted
from webapp.domain.words import phrase
from webapp.providers.blnk.provider import MOST_AT_ONCE, NAME, Blnk
from webapp.services.reconciliation import discrepancies, mirror_balances
from webapp.services.reconciliation.comparison import DIFFERENT, MISSING_THERE, Finding
from webapp.services.reconciliation.discrepancies import Compared
from webapp.services.reconciliation.mirror_balances import Expected

MOST_UNSENT, MOST_FINDINGS = 50_000, 5_000
_PAGE, _ATTEMPTS, _BETWEEN = 1_000, 3, 0.3


class BlnkComparison:
    """One comparison with Blnk."""

    source = NAME

    def __init__(self, db: Database, blnk: Blnk, check: Callable[[], None], at: datetime, parallel: int) -> None:
        self._db, self._blnk, self._check, self._at, self._parallel = db, blnk, check, at, parallel
        self._matched = 0
        self._findings: list[Finding] = []
        self._undecided: set[str] = set()

    def made(self) -> Compared:
        """Compare every account. Raises CallFailed when Blnk can't be asked to the end."""
        with self._db.reading() as session:
            error = _blocked_reason(mirror_balances.is_whole(session), mirror_balances.unsent(session))
            earlier = set(discrepancies.open_references(session, self.source, MOST_FINDINGS))
            earlier |= set(discrepancies.accepted_references(session, self.source, MOST_FINDINGS))
        if error is None:
            self._walk()
            if len(self._findings) >= MOST_FINDINGS:
                error = phrase(
                    "There are more than %(most_findings)s discrepancies; not all are written down.",
                    most_findings=MOST_FINDINGS,
                )
        differing = {each.reference for each in self._findings}
        settled = set() if error else earlier - differing - self._undecided
        found, undecided = self._findings, len(self._undecided)
        return Compared(self.source, self._at, None, None, self._matched, found, settled, error, undecided=undecided)

    def _walk(self) -> None:
        last = 0
        while len(self._findings) < MOST_FINDINGS:
            self._check()
            with self._db.reading() as session:
                page = mirror_balances.page(session, last, _PAGE)
            if not page:
                return
            self._compare(page)
            last = page[-1].account_id

    def _compare(self, page: Sequence[Expected]) -> None:
        """Look up to three times at what differs; what still differs and stood still is written down."""
        left = {each.account_id: each for each in page}
        for attempt in range(_ATTEMPTS):
            theirs = self._theirs([each.balance_id for each in left.values()])
            with self._db.reading() as session:
                now = {each.account_id: each for each in mirror_balances.of(session, list(left))}
            agree = [
                account
                for account, before in left.items()
                # A balance that is not there holds nothing: it is made again when something is to be in it.
                if theirs.get(before.balance_id, 0) in (before.amount, now[account].amount)
            ]
            self._matched += len(agree)
            stood_still = {account for account, before in left.items() if before == now[account]}
            left = {account: each for account, each in now.items() if account not in agree}
            if not left:
                return
            if attempt < _ATTEMPTS - 1:
                time.sleep(_BETWEEN)
        for account, each in left.items():
            if each.doubtful or account not in stood_still:
                self._undecided.add(_reference(account))
            else:
                self._findings.append(_finding(each, theirs.get(each.balance_id)))

    def _theirs(self, balances: Sequence[str]) -> dict[str, int]:
        parts = [balances[start : start + MOST_AT_ONCE] for start in range(0, len(balances), MOST_AT_ONCE)]
        found: dict[str, int] = {}
        with ThreadPoolExecutor(self._parallel) as threads:
            for part in threads.map(self._blnk.balances, parts):
                found |= part
        return found


def _blocked_reason(is_whole: bool, unsent: int) -> str | None:
    if not is_whole:
        return phrase("Transfers from before are not mirrored yet: run `desk ledger mirror`.")
    if unsent > MOST_UNSENT:
        return phrase(
            "Waiting to be sent: %(transfers)s; the balances are compared when there are fewer.",
            transfers=counted(unsent, "transfer"),
        )
    return None


def _finding(ours: Expected, theirs: int | None) -> Finding:
    kind = DIFFERENT if theirs is not None else MISSING_THERE
    detail = phrase("Its balance is not the sum of the transfers that Blnk was sent.") if theirs is not None else ""
    return Finding(
        kind,
        _reference(ours.account_id),
        detail or phrase("Blnk has no balance %(balance_id)s.", balance_id=ours.balance_id),
        ours.currency,
        ours.amount,
        theirs,
        ("account", ours.account_id),
    )


def _reference(account: int) -> str:
    return f"account-{account}"
