"""The money jobs that call nobody: many things that are due, and what must be true when each was done once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from tests.faults.money import count
from tests.jobs.periodic.test_release_pending_earnings import earning
from tests.support.market import DIVINE, Market, all_books_agree
from webapp import clock
from webapp.models import Account, Escrow, Party, Transfer
from webapp.runtime import Runtime
from webapp.services.orders import orders

MANY = 24


@dataclass(frozen=True)
class Release:
    """A job, what makes it due, how much of it is done, and what must be true in the end."""

    job: str
    seed: Callable[[Market], None]
    done: Callable[[Runtime], int]
    agree: Callable[[Runtime], None]


def seed(runtime: Runtime, release: Release) -> None:
    """Make it due, in one transaction."""
    with runtime.db.transaction() as session:
        release.seed(Market(session, runtime, at=clock.now() - timedelta(days=9)))


def completed(market: Market) -> None:
    """Escrows of completed orders."""
    for escrow in [market.escrow(1_000, fee=100, policy="completion") for _ in range(MANY)]:
        orders.complete(market.session, escrow.order_id, at=market.at, actor=DIVINE, settings=market.runtime.settings)


def earned(market: Market) -> None:
    """Earnings whose buffer is over."""
    for _ in range(MANY):
        earning(market, 1_000, clock.now() - timedelta(days=7, minutes=1), fee=100)


def placed(market: Market) -> None:
    """Holds of placements whose date has come."""
    for _ in range(MANY):
        market.escrow(1_000, fee=100, policy="placement", release_at=clock.now() - timedelta(minutes=1))


def walletless(market: Market) -> None:
    """Sellers without a wallet."""
    for _ in range(MANY):
        market.escrow(1_000, seller=market.party("bare", wallet=None))


def released(runtime: Runtime) -> int:
    return count(runtime, Escrow.status == "released")


def each_left_once(runtime: Runtime) -> None:
    """Each seller has the amount less the fee, by one transfer."""
    assert released(runtime) == count(runtime, Transfer.is_disbursement) == MANY
    assert count(runtime, Account.kind == "wallet", Account.balance == 900) == MANY
    with runtime.db.reading() as session:
        assert session.scalars(select(Account.balance).where(Account.kind == "fees")).all() == [MANY * 100]
    all_books_agree(runtime)


def opened(runtime: Runtime) -> int:
    with runtime.db.reading() as session:
        mine = select(func.count()).select_from(Account).join(Party, Party.id == Account.party_id)
        return session.scalars(mine.where(Account.kind == "wallet", Party.name == "Bare")).one()


def each_has_one_wallet(runtime: Runtime) -> None:
    """One for each, and none for anybody else."""
    assert opened(runtime) == MANY
    assert count(runtime, Account.kind == "wallet") == 2 * MANY
    all_books_agree(runtime)


RELEASES = (
    Release("release_completed_orders", completed, released, each_left_once),
    Release("release_pending_earnings", earned, released, each_left_once),
    Release("release_placement_holds", placed, released, each_left_once),
    Release("create_missing_wallets", walletless, opened, each_has_one_wallet),
)
