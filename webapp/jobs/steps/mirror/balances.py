"""Making the external ledger's balances that stand for our accounts, when a transfer needs them."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cached_property
from threading import Lock

from webapp.db import Database
from webapp.domain.actors import Actor
from webapp.providers.blnk.provider import MOST_AT_ONCE, Blnk
from webapp.providers.http.errors import CallFailed
from webapp.runtime import Runtime
from webapp.services.reconciliation import mirror_accounts
from webapp.sql import database_now

_PAGE = 500


def lost_of(blnk: Blnk, balances: Mapping[int, str]) -> dict[int, str]:
    """Those of these balances, by account, that Blnk does not know. Raises CallFailed."""
    ids, found = list(balances.values()), dict[str, int]()
    for start in range(0, len(ids), MOST_AT_ONCE):
        found |= blnk.balances(ids[start : start + MOST_AT_ONCE])
    return {account: balance for account, balance in balances.items() if balance not in found}


def all_lost(db: Database, blnk: Blnk, check: Callable[[], None]) -> dict[int, str]:
    """Every balance that stands for an account of ours and is not there any more. Raises CallFailed."""
    lost: dict[int, str] = {}
    last = 0
    while True:
        check()
        with db.reading() as session:
            page = mirror_accounts.page(session, last, _PAGE)
        if not page:
            return lost
        lost |= lost_of(blnk, page)
        last = max(page)


class Balances:
    """The balances of one mirroring."""

    def __init__(self, runtime: Runtime, blnk: Blnk) -> None:
        self._db, self._blnk = runtime.db, blnk
        self._parallel = runtime.settings.provider_parallel_calls
        self._known: dict[int, str] = {}
        self._lock = Lock()

    def without_lost(self, used: Mapping[int, str], actor: Actor) -> bool:
        """Ask which of these balances are there still, and forget the others: whether any must not be used any more."""
        with self._lock:
            lost = lost_of(
                self._blnk, {each: balance for each, balance in used.items() if self._known.get(each) == balance}
            )
            with self._db.transaction() as session:
                mirror_accounts.forget(session, lost, at=database_now(session), actor=actor)
            for account in lost:
                del self._known[account]
            if lost:
                # A ledger that is gone takes its balances with it.
                self.__dict__.pop("_ledger", None)
            return any(self._known.get(account) != balance for account, balance in used.items())

    def of(self, accounts: Sequence[int]) -> dict[int, str]:
        """Balance ids by account; those that another process is making are missing. Raises CallFailed."""
        with self._db.reading() as session:
            self._known |= mirror_accounts.known(session, [each for each in accounts if each not in self._known])
        missing = [each for each in accounts if each not in self._known]
        for start in range(0, len(missing), MOST_AT_ONCE):
            self._make(missing[start : start + MOST_AT_ONCE])
        return {each: self._known[each] for each in accounts if each in self._known}

    @cached_property
    def _ledger(self) -> str:
        return self._blnk.ledger()

    def _make(self, accounts: Sequence[int]) -> None:
        """Claim them, ask which are there already, and create the others, several at once."""
        with self._db.transaction() as session:
            mine = mirror_accounts.claim(session, accounts, database_now(session))
            currencies = mirror_accounts.currencies(session, mine)
        made: dict[int, str] = {}
        try:
            if mine:
                made |= self._blnk.balances_of(self._ledger, mine)
                self._create({each: currencies[each] for each in mine if each not in made}, made)
        finally:
            with self._db.transaction() as session:
                mirror_accounts.record_balances(session, made)
                mirror_accounts.release_claim(session, [each for each in mine if each not in made])
            self._known |= made

    def _create(self, wanted: dict[int, str], made: dict[int, str]) -> None:
        """What was made is in `made`, also when one could not be."""
        with ThreadPoolExecutor(self._parallel) as threads:
            requests = {
                account: threads.submit(copy_context().run, self._blnk.create_balance, self._ledger, account, currency)
                for account, currency in wanted.items()
            }
        failures: list[CallFailed] = []
        for account, answer in requests.items():
            try:
                made[account] = answer.result()
            except CallFailed as failure:
                failures.append(failure)
        if failures:
            raise failures[0]
