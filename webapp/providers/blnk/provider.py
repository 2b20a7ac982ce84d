"""Blnk Core: the external ledger. Amounts are whole minor units, each movement has one source and one destination.

Blnk's own splits are not used: they number their legs in no fixed order, so that after a time-out nobody could say
which leg is there. A transfer of ours with several legs is several movements, each under a reference of its own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from webapp import clock
from webapp.domain.money.money import Money, exponent, known_currencies
from webapp.providers.blnk.known_answers import DUPLICATE, LOCKED, NO_BALANCE, NOT_FOUND
from webapp.providers.http.client import HttpClient
from webapp.providers.http.errors import Exists, NotDone, NotSent, ProviderRefused, Unknown
from webapp.providers.http.response_reader import ResponseObject

NAME = "blnk"
TRANSFERS = "blnk-transfers"
"""What the comparison of single transfers is called, beside that of balances."""
LEDGER = "escrow-desk"
MOST_AT_ONCE = 100
"""Blnk reads a filter that asks for more as one that asks for 20."""
_ACCOUNT = "desk_account"
_AGAIN_AFTER = 2.0
_FIRST = "1970-01-01T00:00:00.000000Z"
_APPLIED, _QUEUED, _INFLIGHT = "APPLIED", "QUEUED", "INFLIGHT"


def headers(key: str) -> Mapping[str, str]:
    """What each call carries."""
    return {"Accept": "application/json"} | ({"X-Blnk-Key": key} if key else {})


@dataclass(frozen=True, slots=True)
class BlnkTransaction:
    """An amount in minor units from one of Blnk's balances to another, under our reference."""

    reference: str
    currency: str
    amount: int
    source: str
    destination: str
    description: str

    @property
    def money(self) -> str:
        """How much, as people write it; in the smallest unit where the desk does not know the currency."""
        if self.currency not in known_currencies():
            return f"{self.amount} of the smallest unit of {self.currency}"
        return str(Money(self.amount, self.currency))


@dataclass(frozen=True, slots=True)
class There:
    """A row that Blnk has: what moved, and how it stands."""

    movement: BlnkTransaction
    status: str
    number: str
    created_at: str

    @property
    def has_moved(self) -> bool:
        """Whether it changed its balances, or holds a part of one."""
        return self.status in (_APPLIED, _INFLIGHT)

    def has_booked(self, ours: BlnkTransaction) -> bool:
        """Whether this very movement is in its books, and waits for nothing."""
        return self.movement == ours and self.status == _APPLIED

    def difference_from(self, ours: BlnkTransaction) -> str | None:
        """How it is not what was sent, in a sentence; None when it is."""
        there = self.movement
        if there == ours and self.status in (_APPLIED, _QUEUED):
            return None
        return f"Blnk has {there.money} {self.status.lower()} under {ours.reference}, where {ours.money} was sent."


class BalanceGone(ProviderRefused):
    """Blnk does not know a balance of a movement, so it moved nothing."""


class Different(Exception):
    """Blnk has something else under our reference. The message is a sentence."""


class Blnk:
    """One Blnk server."""

    name = NAME

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def health(self) -> str:
        """What it says of itself to anyone: `UP`, or why not. Raises CallFailed."""
        answer = ResponseObject(NAME, self._client.get("/health"))
        return answer.maybe("status") or answer.maybe("reason")

    def probe(self, kind: str, *, reads: bool) -> None:
        """Ask for something harmless that needs the right to read, or to write, this kind. Raises CallFailed."""
        if reads:
            self._client.get(f"/{kind}", limit=1)
        else:
            self._client.ask(f"/{kind}/filter", {"filters": [], "limit": 1})

    def ledger(self) -> str:
        """The id of our ledger, created when there is none. When two create it at once, both end with the first."""
        return self._ledger() or self._created_ledger()

    def balances_of(self, ledger_id: str, accounts: Sequence[int]) -> dict[int, str]:
        """Ids of the balances that stand for these accounts of ours, at most 100, as far as there are any."""
        named = {"field": f"meta_data.{_ACCOUNT}", "operator": "in", "values": [str(each) for each in accounts]}
        here = {"field": "ledger_id", "operator": "eq", "value": ledger_id}
        rows = self._filtered("/balances/filter", [here, named])
        found: dict[int, str] = {}
        for row in rows:
            found.setdefault(int(row.part("meta_data").text(_ACCOUNT)), row.text("balance_id"))
        return found

    def create_balance(self, ledger_id: str, account: int, currency: str) -> str:
        """A new balance for an account of ours. Not idempotent at Blnk: ask first, and let one process do it."""
        body = {"ledger_id": ledger_id, "currency": currency, "meta_data": {_ACCOUNT: str(account)}}
        return ResponseObject(NAME, self._post("/balances", body)).text("balance_id")

    def balances(self, balance_ids: Sequence[str]) -> dict[str, int]:
        """What these balances, at most 100, hold in minor units."""
        named = {"field": "balance_id", "operator": "in", "values": list(balance_ids)}
        rows = self._filtered("/balances/filter", [named])
        return {row.text("balance_id"): row.minor("balance") for row in rows}

    def move_all(self, movements: Sequence[BlnkTransaction]) -> None:
        """Move them in their order. When it is refused, those before the refused one were moved."""
        body = {"transactions": [_transaction_body(each) for each in movements], "skip_queue": True, "atomic": False}
        self._post("/transactions/bulk", body)

    def move(self, movement: BlnkTransaction) -> None:
        """Move once: when its reference is used already, what is there must be the same.

        Raises Different, and BalanceGone when a balance of it is unknown there.
        """
        try:
            self._post("/transactions", _transaction_body(movement))
        except Exists as there:
            if there.code != DUPLICATE:
                raise
            if not self.has(movement):
                raise Unknown(f"Blnk has {movement.reference} and does not show it.") from None
        except ProviderRefused as refusal:
            if refusal.code in NO_BALANCE:
                raise BalanceGone(refusal.sentence, status=refusal.status, code=refusal.code) from None
            raise

    def has(self, movement: BlnkTransaction) -> bool:
        """Whether Blnk applied it. Raises Different, and Unknown while it waits in Blnk's queue."""
        row = self._by_reference(movement.reference)
        if row is not None and row.text("status") == _QUEUED:
            row = self._by_reference(f"{movement.reference}_q") or row
        if row is None:
            return False
        there = _there(row, movement.reference, movement.description)
        if difference := there.difference_from(movement):
            raise Different(difference)
        if there.status == _QUEUED:
            raise Unknown(f"{movement.reference} waits in Blnk's queue.", retry_after=_AGAIN_AFTER)
        return True

    def under(self, movements: Sequence[BlnkTransaction]) -> dict[str, There]:
        """What it has under the references of these, at most 100."""
        wanted = {each.reference: each.description for each in movements}
        rows = self._filtered("/transactions/filter", [{"field": "reference", "operator": "in", "values": [*wanted]}])
        return {
            reference: _there(row, reference, wanted[reference])
            for row in rows
            if (reference := row.text("reference")) in wanted
        }

    def since(self, at: datetime | None) -> Iterator[list[There]]:
        """Everything that it moved since, whoever asked for it, in parts, oldest first."""
        last, known = clock.iso(at) if at is not None else _FIRST, frozenset[str]()
        while True:
            rows = self._filtered("/transactions/filter", [_from(last)], sort_by="created_at", sort_order="asc")
            found = [_there(row, row.text("reference"), row.maybe("description")) for row in rows]
            yield [each for each in found if each.number not in known]
            if len(rows) < MOST_AT_ONCE:
                return
            if found[-1].created_at == last:
                raise Unknown(f"Blnk has more than {MOST_AT_ONCE} movements of one instant, {last}.")
            last = found[-1].created_at
            known = frozenset(each.number for each in found if each.created_at == last)

    def _by_reference(self, reference: str) -> ResponseObject | None:
        try:
            return ResponseObject(NAME, self._client.get(f"/transactions/reference/{quote(reference, safe='')}"))
        except ProviderRefused as refusal:
            if refusal.code == NOT_FOUND:
                return None
            raise

    def _ledger(self) -> str | None:
        rows = self._filtered("/ledgers/filter", [{"field": "name", "operator": "eq", "value": LEDGER}])
        first = min(rows, key=lambda row: (row.text("created_at"), row.text("ledger_id")), default=None)
        return first.text("ledger_id") if first is not None else None

    def _created_ledger(self) -> str:
        made = ResponseObject(NAME, self._post("/ledgers", {"name": LEDGER})).text("ledger_id")
        return self._ledger() or made

    def _filtered(self, path: str, filters: list[dict[str, Any]], **order: str) -> list[ResponseObject]:
        """Rows, and none where it says `null`, `[]`, or either of them in `data`."""
        query = {"filters": filters, "limit": MOST_AT_ONCE, "offset": 0} | order
        found = self._unlocked(self._client.ask, path, query)
        rows = found["data"] if isinstance(found, dict) and "data" in found else found
        if not isinstance(rows, list | None):
            raise Unknown("Blnk answered a filter with an unexpected shape.")
        return [ResponseObject(NAME, row) for row in rows or []]

    def _post(self, path: str, body: Any) -> Any:
        return self._unlocked(self._client.post, path, body)

    def _unlocked(self, call: Callable[[str, Any], Any], path: str, body: Any) -> Any:
        try:
            return call(path, body)
        except NotDone as failure:
            if failure.code == LOCKED:
                raise NotSent("Blnk has a balance locked.", retry_after=_AGAIN_AFTER) from None
            raise


def row_of(data: Mapping[str, Any]) -> There | None:
    """The row that a webhook tells of; None when it tells of none that can be read."""
    try:
        row = ResponseObject(NAME, dict(data))
        return _there(row, row.text("reference"), row.maybe("description"))
    except Unknown:
        return None


def _there(row: ResponseObject, reference: str, description: str) -> There:
    movement = BlnkTransaction(
        reference,
        row.text("currency"),
        row.minor("precise_amount"),
        row.text("source"),
        row.text("destination"),
        description,
    )
    return There(movement, row.text("status"), row.text("transaction_id"), row.text("created_at"))


def _from(at: str) -> dict[str, Any]:
    return {"field": "created_at", "operator": "gte", "value": at}


def _transaction_body(movement: BlnkTransaction) -> dict[str, Any]:
    """Overdrafts are allowed: our own books decide what may be moved, and Blnk keeps up with them in any order."""
    return {
        "reference": movement.reference,
        "currency": movement.currency,
        "precise_amount": movement.amount,
        "precision": 10 ** exponent(movement.currency),
        "source": movement.source,
        "destination": movement.destination,
        "description": movement.description,
        "allow_overdraft": True,
        "skip_queue": True,
    }
