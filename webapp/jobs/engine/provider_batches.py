"""Asking the outside about many things: taken in a transaction, asked in parallel outside of any, settled in another.

The next batch is asked while the last one is settled. A process that is killed leaves what it had taken to the lease.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy.orm import Session

from webapp.domain.providers.provider_results import NoResponse
from webapp.errors import Refusal
from webapp.jobs.engine.run_control import RunControl
from webapp.providers.http.errors import CallFailed, no_response
from webapp.providers.http.leases import EffectLease
from webapp.services.common import instance
from webapp.services.common.batch_result import Outcome
from webapp.services.scheduling.run_progress import RunLost

SIZE = 400
"""How many are taken at once, at most: a slow provider gets fewer, so that they are done within their lease."""
_FIRST, _QUICK, _SLOW = 8, 16, 4
"""Items per parallel call at first, and which part of the lease a batch takes when it is quick, or slow."""


class Claimed(Protocol):
    """What is taken; by its number it is named when it fails."""

    @property
    def id(self) -> int:
        """The row's id."""


Item = TypeVar("Item", bound=Claimed)
Answer = TypeVar("Answer")


def answer_of(ask: Callable[[], Answer]) -> Answer | NoResponse:
    """What was answered, or why nothing usable was: that is a word too, and is settled."""
    try:
        return ask()
    except CallFailed as failure:
        return no_response(failure)
    except Refusal as refusal:
        return NoResponse(refusal.detail, is_refusal=True, is_unsent=True)


@dataclass(frozen=True)
class ProviderBatch(Generic[Item, Answer]):
    """What is taken, how each is asked about, and what is done with the answers.

    `take(session, limit)` claims items so that nobody else takes them during the `lease`; `ask(item)` calls a provider;
    `settle(session, [(item, answer)])` does what the answers mean; `count(session)` says how many are due.
    """

    kind: str
    lease: timedelta
    take: Callable[[Session, int], Sequence[Item]]
    ask: Callable[[Item], Answer]
    settle: Callable[[Session, Sequence[tuple[Item, Answer | NoResponse]]], Outcome]
    count: Callable[[Session], int]


class BatchRunner(Generic[Item, Answer]):
    """One job's batches of one kind, until nothing is due."""

    def __init__(self, control: RunControl, batch: ProviderBatch[Item, Answer], parallel: int) -> None:
        """`parallel` is how many calls go out side by side."""
        self._control, self._batch, self._parallel = control, batch, parallel
        self._recorder, self._db = control.recorder, control.db
        self._size = min(SIZE, self._parallel * _FIRST)

    def run(self) -> None:
        """Batch after batch. What was asked is settled before the run stops."""
        with ThreadPoolExecutor(self._parallel) as pool:
            ahead = self._begin(pool, is_first=True)
            while ahead:
                begun = monotonic()
                try:
                    self._control.check()
                    following = self._begin(pool)
                except Exception:
                    self._settle(ahead)
                    raise
                self._settle(ahead)
                self._adapt(monotonic() - begun)
                ahead = following

    def _adapt(self, seconds: float) -> None:
        """Take more when a batch was quick, fewer when it was slow."""
        lease = self._batch.lease.total_seconds()
        if seconds > lease / _SLOW:
            self._size = max(self._parallel, self._size // 2)
        elif seconds < lease / _QUICK:
            self._size = min(SIZE, self._size * 2)

    def _begin(self, pool: ThreadPoolExecutor, *, is_first: bool = False) -> Any:
        # Measured from before the claim is written, so that it ends before the row's own lease does.
        lease = EffectLease(self._batch.lease)
        with self._db.transaction() as session:
            self._recorder.fence(session)
            instance.require(session)
            if is_first:
                self._recorder.expect(session, self._batch.count(session))
            items = self._batch.take(session, self._size)
        return [(item, pool.submit(self._response, item, lease)) for item in items]

    def _response(self, item: Item, lease: EffectLease) -> Answer | NoResponse:
        with lease.held():
            return answer_of(lambda: self._batch.ask(item))

    def _settle(self, asking: Any) -> None:
        answered = []
        for item, future in asking:
            try:
                answered.append((item, future.result()))
            except Exception as problem:
                self._recorder.fail_item(self._batch.kind, item.id, problem)
        self._settle_some(answered)

    def _settle_some(self, answered: Sequence[tuple[Item, Any]]) -> None:
        """Settle together; what can't be settled together is divided until the bad one is alone, and named."""
        if not answered:
            return
        try:
            self._recorder.record(lambda session: self._batch.settle(session, answered))
        except RunLost:
            raise
        except Exception as problem:
            if len(answered) == 1:
                self._recorder.fail_item(self._batch.kind, answered[0][0].id, problem)
                return
            middle = len(answered) // 2
            self._recorder.log("batch.divided", "warning", rows=len(answered), problem=type(problem).__name__)
            self._settle_some(answered[:middle])
            self._settle_some(answered[middle:])
