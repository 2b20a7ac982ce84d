"""What the parts of the demo share: the clock they count back from, chance that repeats itself, and who did it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.permissions import ALL_PERMISSIONS, JOB_PERMISSIONS
from webapp.domain.states import AccountKind
from webapp.models import User
from webapp.runtime import Runtime
from webapp.services.ledger import accounts

CHAIN = "demo"
"""The audit chain of what the demo data itself did; what people do with it is in the real one."""

DEMO = Actor("cli", None, "demo data", ALL_PERMISSIONS | JOB_PERMISSIONS)
DAYS = 90
"""Days of history."""


@dataclass
class SeedContext:
    """What every part of the seeding shares: session, present, people, and a timeline of actions to be replayed."""

    runtime: Runtime
    session: Session
    now: datetime
    first_event: int = 0
    """The last event that was there before."""
    staff: dict[str, User] = field(default_factory=dict)
    chance: Random = field(default_factory=lambda: Random(20_260))
    actions: list[tuple[datetime, int, Callable[[], object]]] = field(default_factory=list)

    def ago(self, days: float = 0, hours: float = 0) -> datetime:
        """So long before the present."""
        return self.now - timedelta(days=days, hours=hours)

    def schedule(self, at: datetime, action: Callable[[], object]) -> None:
        """Put an action on the timeline."""
        self.actions.append((at, len(self.actions), action))

    def replay(self) -> None:
        """Carry out the timeline in the order of its instants, so that ids and audit rows grow as they would have."""
        for _, _, action in sorted(self.actions, key=lambda each: each[:2]):
            action()

    def pool(self, kind: AccountKind, currency: str, owner: str = "") -> int:
        """A pool account of long ago."""
        return accounts.pool(self.session, kind, currency, at=self.pools_since, owner=owner)

    @property
    def pools_since(self) -> datetime:
        """When the pool accounts that the demo opens were opened; by this they are known again."""
        return self.ago(DAYS + 30)

    def wallet(self, party_id: int, currency: str) -> int:
        """A party's wallet."""
        return accounts.open_account(self.session, AccountKind.WALLET, party_id, currency, at=self.ago(DAYS + 20))


def to_the_minute(instant: datetime) -> datetime:
    """Without seconds, in UTC."""
    return instant.astimezone(UTC).replace(second=0, microsecond=0)
