"""Where the items of a run are found on the desk."""

from collections.abc import Sequence
from typing import Any

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.models import (
    AutoDeduct,
    Dispute,
    Escrow,
    Party,
    Payment,
    Payout,
    PayoutSchedule,
    RunItem,
    Subscription,
    Tenant,
)
from webapp.sql import one_of


def named(session: Session, items: Sequence[RunItem]) -> dict[int, tuple[str, str]]:
    """By the item's own id: its reference and its address. Items that nobody can look at are left out."""
    found = _auto_deduct_mandates(session, items) | _subscriptions(session, items)
    for kind, (key, ref, view) in _REFERENCED.items():
        found |= _referenced(session, items, kind, key, ref, view)
    return found


_REFERENCED: dict[str, tuple[Any, Any, str]] = {
    "escrow": (Escrow.id, Escrow.ref, "escrows.one"),
    "dispute": (Dispute.id, Dispute.ref, "disputes.one"),
    "payment": (Payment.id, Payment.reference, "payments.one"),
    "payout": (Payout.id, Payout.ref, "payouts.one"),
    "payout_schedule": (PayoutSchedule.id, PayoutSchedule.ref, "payout-schedules.one"),
}


def _referenced(
    session: Session, items: Sequence[RunItem], kind: str, key: Any, ref: Any, view: str
) -> dict[int, tuple[str, str]]:
    mine = [item for item in items if item.subject_kind == kind]
    wanted = one_of(session, key, [item.subject_id for item in mine])
    refs: dict[int, str | None] = dict(session.execute(select(key, ref).where(wanted)).all()) if mine else {}
    places: dict[int, dict[str, Any]] = {number: {f"{kind}_id": number} for number in refs}
    return {
        item.id: (refs[item.subject_id] or str(item.subject_id), url_for(view, **places[item.subject_id]))
        for item in mine
        if item.subject_id in refs
    }


def _auto_deduct_mandates(session: Session, items: Sequence[RunItem]) -> dict[int, tuple[str, str]]:
    wanted = one_of(session, AutoDeduct.id, _ids(items, "auto_deduct"))
    query = select(AutoDeduct.id, AutoDeduct.party_id, Party.name).join(Party, Party.id == AutoDeduct.party_id)
    parties = {row.id: row for row in session.execute(query.where(wanted))}
    return {
        item.id: (parties[item.subject_id].name, url_for("parties.one", party_id=parties[item.subject_id].party_id))
        for item in items
        if item.subject_kind == "auto_deduct" and item.subject_id in parties
    }


def _subscriptions(session: Session, items: Sequence[RunItem]) -> dict[int, tuple[str, str]]:
    mine = [item for item in items if item.subject_kind == "subscription"]
    wanted = one_of(session, Subscription.id, [item.subject_id for item in mine])
    query = select(Subscription.id, Tenant.id.label("tenant_id"), Tenant.name)
    query = query.join(Tenant, Tenant.id == Subscription.tenant_id).where(wanted)
    tenants = {row.id: row for row in session.execute(query)} if mine else {}
    return {
        item.id: (
            tenants[item.subject_id].name,
            url_for("tenants.one", tenant_id=tenants[item.subject_id].tenant_id),
        )
        for item in mine
        if item.subject_id in tenants
    }


def _ids(items: Sequence[RunItem], kind: str) -> list[int]:
    return [item.subject_id for item in items if item.subject_kind == kind]
