"""Where a reason is seen to: the address of its action or its page, for those who may open it."""

from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l

from webapp.admin.ui.layout import may_open
from webapp.services.common.reasons import Reason, Target

_WAYS: dict[str, tuple[str, Any]] = {
    "job": ("jobs.one", _l("See the job")),
    "run": ("runs.one", _l("See the run")),
    "dispute": ("disputes.one", _l("See the dispute")),
    "payment": ("payments.one", _l("See the payment")),
    "payout": ("payouts.one", _l("See the payout")),
    "approval": ("approvals.one", _l("See the proposal")),
    "freeze": ("escrows.lift", _l("Lift the freeze…")),
    "extension": ("escrows.extend", _l("Extend…")),
    "wallet": ("parties.open_wallet", _l("Open a wallet…")),
    "destination": ("parties.payout_destination", _l("Set a destination…")),
    "party": ("parties.one", _l("See the party")),
    "switch": ("settings.index", _l("Settings")),
}
_PARTY = _WAYS["party"]
_INSTEAD = {"wallet": _PARTY, "destination": _PARTY}
"""Where those are led who may not do it."""


def with_links(reasons: list[Reason], escrow_id: int = 0) -> list[tuple[Reason, tuple[str, Any] | None]]:
    """Each reason with the address where it is seen to and what that is called."""
    return [(reason, _link(reason.target, escrow_id)) for reason in reasons]


def _link(target: Target | None, escrow_id: int) -> tuple[str, Any] | None:
    if target is None:
        return None
    for view, verb in filter(None, (_WAYS[target.kind], _INSTEAD.get(target.kind))):
        if may_open(view):
            return url_for(view, **_place(target, view, escrow_id)), verb
    return None


def _place(target: Target, view: str, escrow_id: int) -> dict[str, Any]:
    places: dict[str, dict[str, Any]] = {
        "jobs.one": {"job": target.name},
        "runs.one": {"run_id": target.id},
        "disputes.one": {"dispute_id": target.id},
        "payments.one": {"payment_id": target.id},
        "payouts.one": {"payout_id": target.id},
        "approvals.one": {"approval_id": target.id},
        "escrows.lift": {"escrow_id": escrow_id, "freeze_id": target.id},
        "escrows.extend": {"escrow_id": escrow_id},
        "parties.open_wallet": {"party_id": target.id, "currency": target.name},
        "parties.payout_destination": {"party_id": target.id},
        "parties.one": {"party_id": target.id},
    }
    return places.get(view, {})
