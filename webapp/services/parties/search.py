"""Finding parties by reference, name or address, always by an index."""

from sqlalchemy import ColumnElement, select, union_all

from webapp.models import Account, AutoDeduct, Party
from webapp.services.common.lookup import parties_beginning


def matching(words: str) -> ColumnElement[bool]:
    """Parties whose reference or name begins with these words; names also as they are usually written."""
    return Party.id.in_(union_all(*parties_beginning(words)))


def in_debt() -> ColumnElement[bool]:
    """Parties that owe something in any currency."""
    return Party.id.in_(select(Account.party_id).where(Account.kind == "receivable", Account.balance < 0))


def with_auto_deduct() -> ColumnElement[bool]:
    """Parties whose standing order is on in any currency."""
    return Party.id.in_(select(AutoDeduct.party_id).where(AutoDeduct.enabled))
