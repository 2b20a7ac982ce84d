"""Sending to the external ledger what our own books have: a step of the job that delivers what waits.

Transfers of one currency are sent in their order by one thread, several at once in a call, so that no balance is locked
by two calls of ours; currencies go side by side. Overdrafts are allowed there, so one that fails holds up no other.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import groupby

from webapp.domain.actors import Actor, job_actor
from webapp.domain.money.legs import movements, named
from webapp.domain.words import phrase
from webapp.jobs.engine.work import Work
from webapp.jobs.steps.mirror.balances import Balances
from webapp.providers.blnk.provider import BalanceGone, Blnk, BlnkTransaction, Different
from webapp.providers.http.errors import CallFailed, Exists, NotSent, Unknown
from webapp.providers.http.leases import EffectLease
from webapp.runtime import Runtime
from webapp.services.common import instance
from webapp.services.common.batch_result import Outcome, RefusedItem
from webapp.services.reconciliation import mirror_queue
from webapp.services.reconciliation.mirror_queue import QueuedTransfer
from webapp.sql import database_now

BATCH, TOGETHER = 1_000, 50
"""Transfers that are claimed at once, and that are sent in one call."""
_AGAIN_AFTER, _AT_ONCE = 30.0, 0.001


def mirror(work: Work) -> int:
    """Send every transfer that waits for the external ledger, and say how many it took. Nothing without Blnk."""
    blnk = work.runtime.providers.blnk
    if blnk is None or work.dry_run:
        return 0
    walk = Mirror(work.runtime, blnk, work.actor)
    try:
        return walk.send(work.control.check)
    finally:
        _count(work, walk.outcome)


def _count(work: Work, outcome: Outcome) -> None:
    """Each transfer is an item of the run, whether it got there or not."""
    if not (outcome.done or outcome.failed or outcome.refused):
        return
    work.log("mirror.sent", transfers=outcome.done, failed=len(outcome.failed))
    work.recorder.record(lambda session: outcome)


class Mirror:
    """One walk over what waits."""

    def __init__(self, runtime: Runtime, blnk: Blnk, actor: Actor | None = None) -> None:
        self._db, self._blnk, self._actor = runtime.db, blnk, actor or job_actor("mirror")
        self._balances = Balances(runtime, blnk)
        self.outcome = Outcome("transfer")
        """What it has done so far."""

    def send(self, check: Callable[[], None], on_progress: Callable[[int], None] = lambda sent: None) -> int:
        """Send batch after batch until nothing is due. `check` may raise between two batches. Raises NotTheOriginal."""
        sent = 0
        while True:
            lease = EffectLease(mirror_queue.LEASE)
            batch = self._claimed()
            if not batch:
                return sent
            with lease.held():
                sent += self._batch(batch, lease)
            on_progress(sent)
            check()

    def _claimed(self) -> list[QueuedTransfer]:
        with self._db.transaction() as session:
            instance.require(session)
            return mirror_queue.claim(session, database_now(session), BATCH)

    def _batch(self, batch: Sequence[QueuedTransfer], lease: EffectLease) -> int:
        try:
            balances = self._balances.of(sorted({account for each in batch for account in each.legs}))
        except CallFailed as failure:
            self._requeue(batch, failure)
            return 0
        known = [each for each in batch if each.legs.keys() <= balances.keys()]
        others = [each for each in batch if not each.legs.keys() <= balances.keys()]
        self._requeue(others, NotSent(phrase("A balance of it is being made.")))
        lanes = [list(lane) for _, lane in groupby(sorted(known, key=_lane), key=lambda each: each.currency)]
        with ThreadPoolExecutor(max(1, min(8, len(lanes)))) as threads:
            return sum(threads.map(lambda lane: self._under(lease, lane, balances), lanes))

    def _under(self, lease: EffectLease, lane: list[QueuedTransfer], balances: dict[int, str]) -> int:
        with lease.held():
            return self._lane(lane, balances)

    def _lane(self, lane: list[QueuedTransfer], balances: dict[int, str]) -> int:
        """Send them in order; when Blnk can't be reached, the rest is put back."""
        sent = 0
        for doubtful, run in groupby(lane, key=lambda each: each.doubtful or each.attempts > 0):
            some = list(run)
            size = 1 if doubtful else TOGETHER
            for start in range(0, len(some), size):
                part = some[start : start + size]
                try:
                    sent += self._sent(part, balances, one_by_one=doubtful)
                except NotSent as failure:
                    self._requeue(lane[lane.index(part[0]) :], failure)
                    return sent
        return sent

    def _sent(self, part: list[QueuedTransfer], balances: dict[int, str], *, one_by_one: bool) -> int:
        """Send these; how many are there. Raises NotSent."""
        if not one_by_one:
            try:
                if moves := [each for one in part for each in movements_of(one, balances)]:
                    self._blnk.move_all(moves)
            except NotSent:
                raise
            except CallFailed as failure:
                if isinstance(failure, Unknown) and not isinstance(failure, Exists):
                    return self._failed(part, failure)
                # Those before the one that was refused were moved, those after it were not tried.
                return sum(self._one(each, balances) for each in part)
            self._done(part)
            return len(part)
        return sum(self._one(each, balances) for each in part)

    def _one(self, one: QueuedTransfer, balances: dict[int, str]) -> int:
        """One by itself; what is doubtful is asked about before it is sent again. Raises NotSent."""
        try:
            for movement in movements_of(one, balances):
                if not (one.doubtful and self._blnk.has(movement)):
                    self._blnk.move(movement)
        except BalanceGone as gone:
            self._forget_lost(one, balances, gone)
            return 0
        except Different as difference:
            with self._db.transaction() as session:
                mirror_queue.give_up(session, one, str(difference))
            self.outcome.failed.append(RefusedItem(one.transfer_id, one.reference, str(difference)))
            return 0
        except NotSent:
            raise
        except CallFailed as failure:
            return self._failed([one], failure)
        self._done([one])
        return 1

    def _forget_lost(self, one: QueuedTransfer, balances: dict[int, str], gone: BalanceGone) -> None:
        """A balance that Blnk lost is nobody's failure: it is made again, and what waited for it is sent then.

        Raises NotSent, which puts this one back with all after it, for the next batch. When Blnk knows every balance
        after all, the refusal stands.
        """
        if self._balances.without_lost(balances, self._actor):
            raise NotSent(phrase("Blnk lost a balance of it, which is made again."), retry_after=_AT_ONCE)
        self._failed([one], gone)

    def _done(self, sent: Sequence[QueuedTransfer]) -> None:
        with self._db.transaction() as session:
            mirror_queue.done(session, sent, database_now(session))
        self.outcome.done += len(sent)

    def _failed(self, tried: Sequence[QueuedTransfer], failure: CallFailed) -> int:
        with self._db.transaction() as session:
            at, doubtful = database_now(session), isinstance(failure, Unknown)
            mirror_queue.failed(session, tried, at, failure.sentence, doubtful=doubtful)
        for each in tried:
            again = self.outcome.refused if each.attempts + 1 < mirror_queue.MOST_ATTEMPTS else self.outcome.failed
            again.append(RefusedItem(each.transfer_id, each.reference, failure.sentence))
        return 0

    def _requeue(self, unsent: Sequence[QueuedTransfer], failure: CallFailed) -> None:
        with self._db.transaction() as session:
            until = database_now(session) + timedelta(seconds=failure.retry_after or _AGAIN_AFTER)
            mirror_queue.requeue(session, unsent, until, failure.sentence)


def _lane(one: QueuedTransfer) -> tuple[str, int]:
    return one.currency, one.transfer_id


def movements_of(one: QueuedTransfer, balances: Mapping[int, str]) -> list[BlnkTransaction]:
    """A transfer with several legs is several movements, each under a reference of its own."""
    pairs = movements(one.legs)
    return [
        BlnkTransaction(reference, one.currency, amount, balances[source], balances[destination], one.kind)
        for reference, (source, destination, amount) in zip(named(one.reference, len(pairs)), pairs, strict=True)
    ]
