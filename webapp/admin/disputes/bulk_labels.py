"""What the preflight of bulk work says will be done: the deed and whom it is for, and the text that will be used."""

from collections.abc import Callable
from typing import Any

from flask_babel import ngettext

from webapp.domain.states import Resolution
from webapp.services.disputes.bulk import BulkRequest, Preflight


def action_label(form: Any, asked: BulkRequest, found: Preflight) -> str:
    """What the button says: what is done in how many and, above one's limit, in how many it is proposed."""
    if asked.what == "assign":
        return _assigned(form, asked, len(found.items))
    if asked.what == "ask":
        return _asked(asked, len(found.items))
    count = {"done": 0, "proposed": 0, "skipped": 0}
    for group in found.groups:
        count[group.outcome] += group.count
    if not count["done"]:
        return _PROPOSED[Resolution(asked.resolution)](count["proposed"])
    decided = _DECIDED[Resolution(asked.resolution)](count["done"])
    if not count["proposed"]:
        return decided
    return ngettext("%(action)s, propose %(num)s", "%(action)s, propose %(num)s", count["proposed"], action=decided)


def used_fields(form: Any, asked: BulkRequest) -> list[tuple[str, str]]:
    """What was chosen and written, by its field's label: whoever confirms reads it once more."""
    if asked.what == "assign":
        return [(str(form.user_id.label.text), _chosen(form.user_id))]
    if asked.what == "ask":
        return [(str(form.side.label.text), _chosen(form.side)), (str(form.body.label.text), asked.body)]
    fields = (form.resolution, form.code)
    return [*((str(field.label.text), _chosen(field)) for field in fields), (str(form.reason.label.text), asked.reason)]


def _chosen(field: Any) -> str:
    return str(dict(field.choices)[field.data])


def _assigned(form: Any, asked: BulkRequest, count: int) -> str:
    if asked.user_id is None:
        return ngettext("Take %(num)s dispute from its assignee", "Take %(num)s disputes from their assignees", count)
    name = _chosen(form.user_id)
    return ngettext("Assign %(num)s dispute to %(name)s", "Assign %(num)s disputes to %(name)s", count, name=name)


def _asked(asked: BulkRequest, count: int) -> str:
    if asked.side == "buyer":
        return ngettext("Ask the buyer of %(num)s dispute", "Ask the buyers of %(num)s disputes", count)
    return ngettext("Ask the seller of %(num)s dispute", "Ask the sellers of %(num)s disputes", count)


_DECIDED: dict[Resolution, Callable[[int], str]] = {
    Resolution.REFUND_TO_BUYER: lambda count: ngettext(
        "Refund %(num)s dispute to its buyer", "Refund %(num)s disputes to their buyers", count
    ),
    Resolution.RELEASE_TO_SELLER: lambda count: ngettext(
        "Release %(num)s dispute to its seller", "Release %(num)s disputes to their sellers", count
    ),
    Resolution.NO_FAULT: lambda count: ngettext(
        "Decide no fault in %(num)s dispute", "Decide no fault in %(num)s disputes", count
    ),
}
_PROPOSED: dict[Resolution, Callable[[int], str]] = {
    Resolution.REFUND_TO_BUYER: lambda count: ngettext(
        "Propose to refund %(num)s dispute to its buyer", "Propose to refund %(num)s disputes to their buyers", count
    ),
    Resolution.RELEASE_TO_SELLER: lambda count: ngettext(
        "Propose to release %(num)s dispute to its seller",
        "Propose to release %(num)s disputes to their sellers",
        count,
    ),
    Resolution.NO_FAULT: lambda count: ngettext(
        "Propose no fault in %(num)s dispute", "Propose no fault in %(num)s disputes", count
    ),
}
