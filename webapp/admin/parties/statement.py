"""The statement of one account: its entries over the index that keeps them in order."""

from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select

from webapp.admin.ui.lists.columns import Column, since, until
from webapp.admin.ui.lists.listing import Listing
from webapp.models import Entry, Escrow, Transfer

_ESCROW = select(Escrow.ref).where(Escrow.id == Transfer.escrow_id).scalar_subquery()


def _with_transfer(query: Select[Any]) -> Select[Any]:
    return query.join(Transfer, Transfer.id == Entry.transfer_id)


def _escrow_address(row: Any) -> str:
    return url_for("escrows.one", escrow_id=row.escrow_id)


STATEMENT = Listing(
    key=Entry.id,
    columns=(
        Column("at", _l("When"), Transfer.at, kind="when"),
        Column("kind", _l("What"), Transfer.kind),
        Column("escrow", _l("Escrow"), _ESCROW, kind="ref", link=_escrow_address),
        Column("escrow_id", "", Transfer.escrow_id, shown=False, exported=False),
        Column("reference", _l("Reference"), Transfer.reference),
        Column("amount", _l("Amount"), Entry.amount, kind="money"),
        Column("currency", _l("Currency"), Entry.currency, shown=False),
    ),
    filters=(since("from", _l("From"), Transfer.at), until("until", _l("Until"), Transfer.at)),
    source=_with_transfer,
)
