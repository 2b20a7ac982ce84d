"""Undoing a payment by the opposite transfer, previewed first."""

from typing import Any

from flask import make_response
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, TextAreaField
from wtforms.validators import DataRequired, Length

from webapp import clock
from webapp.admin.forms import DeskForm
from webapp.admin.words import money
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services import previews
from webapp.services.reversal_executors import ReverseTransfer


class ReversalForm(DeskForm):
    """Why a payment is undone, and what to do with an empty wallet."""

    reason = TextAreaField(_l("Reason"), [DataRequired(_l("Say why, in a sentence.")), Length(max=2000)])
    to_debt = BooleanField(_l("If the wallet no longer holds it, make it a debt of the party"))
    step = HiddenField(default="preview")


def reversal_page(screen: Any, transfer_id: int, form: ReversalForm, *, back: str) -> Any:
    """Every entry that the reversal would post, and its button."""
    with screen.reading() as session:
        preview = previews.of(
            session,
            "transfer.reverse",
            transfer_id,
            ReverseTransfer(reason=form.said("reason"), to_debt=form.to_debt.data),
            at=clock.now(),
            actor=current_actor(),
            settings=runtime().settings,
        )
    amount = money(sum(leg.amount for leg in preview.legs if leg.amount > 0), preview.currency)
    verb = (
        _("Propose reversal of %(amount)s", amount=amount)
        if preview.needs_second_person
        else _("Reverse %(amount)s", amount=amount)
    )
    return make_response(
        screen.show(
            "components/preview_page.html",
            form=form,
            preview=preview,
            verb=verb,
            back=back,
            heading=_("Check the reversal"),
        )
    )
