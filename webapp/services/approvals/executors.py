"""Money decisions. Each has an executor, which computes what the decision posts; its preview is the same computation.

    class RefundEscrow(Payload):
        ...

    @executor("escrow.refund", RefundEscrow, read=read_escrow)
    def refund_escrow(context: Context, subject: EscrowSubject, decision: RefundEscrow) -> Posting:
        ...

A subject is taken once: the row that guards it is locked, then everything that decides is read, and handed on.
An executor reads and computes; it writes only in its posting's `post`. It raises Conflict when the decision can't be
done. It stands beside its subject, in a module whose name ends in `executors`, where the registry finds it. The first
part of the action's name is the kind of the subject.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import ScalarSelect
from sqlalchemy.orm import Session

from webapp import services
from webapp.domain.actors import Actor
from webapp.domain.money.money import Money
from webapp.domain.states import FreezeCause
from webapp.domain.words import phrase
from webapp.errors import Conflict
from webapp.models import Escrow, Payout
from webapp.services.ledger.transfers import Leg
from webapp.sql import lock


class Payload(BaseModel):
    """What was decided, and why. It is kept as JSON while it waits for a second person, and read back as its type."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str


@dataclass(frozen=True, slots=True)
class Context:
    """Where, when and by whom it is computed."""

    session: Session
    at: datetime
    actor: Actor
    locked: bool
    """Whether the row that guards the subject is locked, so that the posting may be posted. False for a preview."""
    lifted: frozenset[tuple[str, int]]
    """Freezes (cause, number) that are lifted with the decision, and so don't stand in its way."""


@dataclass(frozen=True, slots=True)
class Posting:
    """What a decision would do."""

    sentence: str
    """What happens, as a phrase that names the sums."""
    done: str
    """The sentence for when it is done."""
    amount: Money
    """What counts against the limits: the whole of the escrow."""
    post: Callable[[], None]
    """Does it: exactly these entries, and what goes with them. Once, and only when the context was locked."""
    legs: Callable[[], Sequence[Leg]] = tuple
    """The entries, each with the balance after it. Only a preview asks for them, before anything is posted."""
    takes_two: bool = False
    """Whether a second person decides, however small it is."""
    escrow_id: int | None = None
    """The escrow that is frozen while the decision waits for a second person."""


P = TypeVar("P", bound=Payload)
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Reader(Generic[S]):
    """How a kind of subject is read, and which row guards it: its escrow's, where it has one."""

    fetch: Callable[[Session, int], S]
    """Everything that decides, fresh from the database. Raises NotFound."""
    guard: Callable[[int], Sequence[int] | ScalarSelect[Any]] | None = None
    """The id of the guarding row, by what never changes; None for what none guards."""
    guarded_by: type[Escrow] | type[Payout] = Escrow

    def __call__(self, session: Session, subject_id: int) -> S:
        """Read it without a lock, as for a preview."""
        return self.fetch(session, subject_id)

    def locked(self, session: Session, subject_id: int) -> S:
        """Lock the guarding row, then read."""
        if self.guard is not None:
            lock(session, self.guarded_by, self.guard(subject_id))
        # Second statement on purpose: what the first one saw may be older than its lock.
        return self.fetch(session, subject_id)


@dataclass(frozen=True, slots=True)
class Executor:
    """A registered decision."""

    action: str
    payload: type[Payload]
    read: Reader[Any]
    compute: Callable[[Context, Any, Any], Posting]

    @property
    def kind(self) -> str:
        """The kind of its subject: `escrow`, `dispute`, `payment`, `transfer`…"""
        return self.action.partition(".")[0]


_executors: dict[str, Executor] = {}


def executor(
    action: str, payload: type[P], *, read: Reader[S]
) -> Callable[[Callable[[Context, S, P], Posting]], Callable[[Context, S, P], Posting]]:
    """Register the decision `action` on the subjects that `read` reads."""

    def register(compute: Callable[[Context, S, P], Posting]) -> Callable[[Context, S, P], Posting]:
        _executors[action] = Executor(action, payload, read, compute)
        return compute

    return register


def compute(
    session: Session,
    action: str,
    subject_id: int,
    payload: Payload | Mapping[str, Any],
    *,
    at: datetime,
    actor: Actor,
    locked: bool,
    lifted: Sequence[tuple[FreezeCause, int]] = (),
    subject: object | None = None,
) -> Posting:
    """What the decision would do to its subject now. Raises NotFound, Conflict or Invalid when it can't be done.

    With `locked` the subject is locked first, then read, and the posting may be posted. `subject` is the one that the
    caller has taken like that already, by the action's own reader.
    """
    known = find(action)
    if subject is None:
        subject = (known.read.locked if locked else known.read)(session, subject_id)
    decision = payload if isinstance(payload, Payload) else _read_back(known, payload)
    context = Context(session, at, actor, locked, frozenset((str(cause), number) for cause, number in lifted))
    return known.compute(context, subject, decision)


def _read_back(known: Executor, payload: Mapping[str, Any]) -> Payload:
    """A decision that was kept. One that this version can't read is no bug of whoever looks at it."""
    try:
        return known.payload.model_validate(payload)
    except ValidationError:
        raise Conflict(phrase("This proposal can't be read any more. Reject it, and propose it anew.")) from None


def find(action: str) -> Executor:
    """The executor of an action."""
    _load()
    return _executors[action]


def actions() -> list[str]:
    """Every decision that there is."""
    _load()
    return sorted(_executors)


@cache
def _load() -> None:
    for module in pkgutil.walk_packages(services.__path__, f"{services.__name__}."):
        if module.name.endswith("executors"):
            importlib.import_module(module.name)
