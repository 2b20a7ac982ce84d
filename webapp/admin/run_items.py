"""Where the items of a run are found on the desk."""

from collections.abc import Sequence

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.models import AutoDeduct, Escrow, Party, RunItem
from webapp.sql import one_of


def named(session: Session, items: Sequence[RunItem]) -> dict[int, tuple[str, str]]:
    """By the item's own id: its reference and its address. Items that nobody can look at are left out."""
    return _escrows(session, items) | _standing_orders(session, items)


def _escrows(session: Session, items: Sequence[RunItem]) -> dict[int, tuple[str, str]]:
    query = select(Escrow.id, Escrow.ref).where(one_of(session, Escrow.id, _ids(items, "escrow")))
    refs = {row.id: row.ref for row in session.execute(query)}
    return {
        item.id: (refs[item.subject_id], url_for("escrows.one", escrow_id=item.subject_id))
        for item in items
        if item.subject_kind == "escrow" and item.subject_id in refs
    }


def _standing_orders(session: Session, items: Sequence[RunItem]) -> dict[int, tuple[str, str]]:
    wanted = one_of(session, AutoDeduct.id, _ids(items, "auto_deduct"))
    query = select(AutoDeduct.id, AutoDeduct.party_id, Party.name).join(Party, Party.id == AutoDeduct.party_id)
    parties = {row.id: row for row in session.execute(query.where(wanted))}
    return {
        item.id: (parties[item.subject_id].name, url_for("parties.one", party_id=parties[item.subject_id].party_id))
        for item in items
        if item.subject_kind == "auto_deduct" and item.subject_id in parties
    }


def _ids(items: Sequence[RunItem], kind: str) -> list[int]:
    return [item.subject_id for item in items if item.subject_kind == kind]
