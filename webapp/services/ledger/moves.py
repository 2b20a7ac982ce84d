"""Moving balances: many accounts, each by its own sum, in the order in which they are given."""

from typing import Any

from sqlalchemy import bindparam, update

from webapp.models import Account

_ACCOUNT: Any = Account.__table__
MOVE = (
    update(_ACCOUNT)
    .where(_ACCOUNT.c.id == bindparam("account"))
    .values(balance=_ACCOUNT.c.balance + bindparam("delta"))
)
"""Takes a list of `account` and `delta`, in minor units."""
