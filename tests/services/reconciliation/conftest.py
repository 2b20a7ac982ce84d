"""Desks whose external ledger is the sandbox's Blnk."""

from datetime import datetime

import pytest

from tests.providers.conftest import Outfit, outfit, sandbox, served  # noqa: F401
from tests.support.declared_jobs import NOON, Declare, declare, planned  # noqa: F401
from tests.support.market import Market
from tests.support.releasing import go
from webapp.jobs.engine.work import Work
from webapp.jobs.steps.mirror.sending import mirror
from webapp.models import MirrorEntry, Run
from webapp.runtime import Runtime
from webapp.sandbox import Served
from webapp.sandbox.core.settings import SANDBOX_KEYS

BLNK = {"ledger": "blnk", "blnk_api_key": SANDBOX_KEYS["BLNK_API_KEY"]}


@pytest.fixture
def desk(outfit: Outfit, declare: Declare) -> Runtime:
    """A desk that mirrors its ledger."""
    runtime = outfit(**BLNK)
    planned(runtime, declare("mirror", _mirrored), NOON)
    return runtime


def _mirrored(work: Work, at: datetime) -> None:
    mirror(work)


def send(runtime: Runtime) -> Run:
    """One run of the mirroring."""
    return go(runtime, "mirror")


def trade(runtime: Runtime, count: int = 3, *, fee: int = 0) -> list[int]:
    """Held escrows, whose making posts transfers."""
    with runtime.db.transaction() as session:
        return [Market(session, runtime).escrow(fee=fee).id for _ in range(count)]


def statuses(runtime: Runtime) -> list[str]:
    """What became of each transfer, in order."""
    with runtime.db.reading() as session:
        return [row.status for row in session.query(MirrorEntry).order_by(MirrorEntry.transfer_id)]


def theirs(served: Served) -> dict[str, int]:
    """Blnk's balances by the number of our account."""
    rows = served.store.listed("blnk.balance", limit=10_000)
    return {each.data["meta_data"]["desk_account"]: each.data["credit"] - each.data["debit"] for each in rows}
