"""What people fill in about a dispute."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    Field,
    HiddenField,
    RadioField,
    SelectField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import DataRequired, Length

from webapp.admin.ui.actions.forms import DeskForm, MoneyField
from webapp.admin.ui.claim_names import with_claim_name
from webapp.admin.ui.late_words import read_late
from webapp.domain.disputes.resolutions import REASON_CODES, RESOLUTION_CODES, DisputeResolution
from webapp.domain.money.money import exponent
from webapp.security.context import runtime
from webapp.services.disputes.bulk import RESOLUTIONS as BULK_RESOLUTIONS
from webapp.services.users.assignees import dispute_handlers

SIDES = [("buyer", _l("Buyer")), ("seller", _l("Seller"))]
RESOLUTIONS = [
    ("release_to_seller", _l("Release to the seller")),
    ("refund_to_buyer", _l("Refund to the buyer")),
    ("split", _l("Split between both")),
    ("no_fault", _l("No fault: lift the dispute's freeze, move nothing")),
]
CLAIM_RESOLUTIONS = [
    ("release_to_seller", _l("Reject the claim: the money stays a while longer, then goes to the seller")),
    *RESOLUTIONS[1:3],
    ("no_fault", _l("No fault: the same as a rejection, with nobody in the wrong")),
]
"""What a decision on a warranty claim is called."""
AUDIENCES = [
    ("buyer", _l("Message to the buyer")),
    ("seller", _l("Message to the seller")),
    ("internal", _l("Internal note, parties never see it")),
    ("from_buyer", _l("What the buyer answered")),
    ("from_seller", _l("What the seller answered")),
]
_SAY_WHY = [DataRequired(_l("Say why, in a sentence.")), Length(max=2000)]


class ResolutionForm(DeskForm):
    """A decision on a dispute; first previewed, then done."""

    resolution = RadioField(_l("Decision"), [DataRequired(_l("Choose one."))], choices=RESOLUTIONS)
    buyer_amount = MoneyField(_l("To the buyer"))
    seller_amount = MoneyField(_l("To the seller"))
    code = SelectField(
        _l("Reason code"),
        [DataRequired(_l("Choose one."))],
        choices=[("", _l("Choose…")), *read_late(RESOLUTION_CODES)],
    )
    reason = TextAreaField(
        _l("Reason, in a sentence"), _SAY_WHY, description=_l("Both parties and the audit trail get to see it.")
    )
    version = HiddenField()
    step = HiddenField(default="preview")
    then = HiddenField()
    """`next` where the decision leads to the next case."""

    @property
    def decimals(self) -> int:
        """How many decimals the escrow's currency has."""
        return exponent(self.buyer_amount.currency)

    def validate_buyer_amount(self, field: Field) -> None:
        """Both shares are needed for a split, in the escrow's currency."""
        self._share(field)

    def validate_seller_amount(self, field: Field) -> None:
        """As the buyer's."""
        self._share(field)

    def dispute_resolution(self) -> DisputeResolution:
        """The decision in the service's words."""
        shares = [
            self._share(field) if self.resolution.data == "split" else None
            for field in (self.buyer_amount, self.seller_amount)
        ]
        return DisputeResolution(self.resolution.data, self.code.data, self.text("reason"), *shares)

    def _share(self, field: Any) -> int | None:
        if self.resolution.data != "split":
            return None
        amount = field.money(self.buyer_amount.currency)
        if amount.amount < 0:
            raise ValidationError(_("A share can't be less than nothing."))
        return int(amount.amount)


class MessageForm(DeskForm):
    """A message to a party, or an internal note."""

    audience = RadioField(_l("What it is"), [DataRequired(_l("Choose one."))], choices=AUDIENCES, default="buyer")
    body = TextAreaField(_l("Text"), [DataRequired(_l("Write something.")), Length(max=10_000)])

    @property
    def side(self) -> str:
        """Who it is to or from: `buyer`, `seller` or `internal`."""
        return str(self.audience.data).removeprefix("from_")

    @property
    def inbound(self) -> bool:
        """Whether it came from the party."""
        return str(self.audience.data).startswith("from_")


class AskForm(DeskForm):
    """A question that a party must answer."""

    side = RadioField(_l("Who must answer"), [DataRequired(_l("Choose who must answer."))], choices=SIDES)
    body = TextAreaField(
        _l("What is asked"), [DataRequired(_l("Write what they should answer or send.")), Length(max=10_000)]
    )


class FileForm(DeskForm):
    """A file as evidence."""

    side = RadioField(
        _l("From"), [DataRequired(_l("Choose one."))], choices=[*SIDES, ("desk", _l("The desk"))], default="buyer"
    )
    file = FileField(_l("File"), [FileRequired(_l("Choose a file."))])


class TextForm(DeskForm):
    """A text as evidence."""

    side = RadioField(
        _l("From"), [DataRequired(_l("Choose one."))], choices=[*SIDES, ("desk", _l("The desk"))], default="buyer"
    )
    body = TextAreaField(_l("Text"), [DataRequired(_l("Write something.")), Length(max=10_000)])


class AssignForm(DeskForm):
    """Who works on it."""

    user_id = SelectField(_l("Assignee"), coerce=str)


class BulkAssignForm(AssignForm):
    """Who gets many disputes; what becomes of each is shown first."""

    step = HiddenField(default="preview")
    seen = HiddenField()


class BulkAskForm(AskForm):
    """The same question to a party of each."""

    step = HiddenField(default="preview")
    seen = HiddenField()


class BulkDecisionForm(DeskForm):
    """The same decision on each."""

    resolution = RadioField(
        _l("Decision"),
        [DataRequired(_l("Choose one."))],
        choices=[each for each in RESOLUTIONS if each[0] in BULK_RESOLUTIONS],
    )
    code = SelectField(
        _l("Reason code"),
        [DataRequired(_l("Choose one."))],
        choices=[("", _l("Choose…")), *read_late(RESOLUTION_CODES)],
    )
    reason = TextAreaField(
        _l("Reason, in a sentence"), _SAY_WHY, description=_l("Both parties of each and the audit trail get to see it.")
    )
    step = HiddenField(default="preview")
    seen = HiddenField()


def set_assignee_choices(form: AssignForm) -> None:
    """Offer whoever works on disputes, and nobody."""
    with runtime().db.reading() as session:
        people = dispute_handlers(session)
    form.user_id.choices = [("", _("nobody")), *[(str(user_id), name) for user_id, name in people]]


class OpenForm(DeskForm):
    """A new dispute on an escrow."""

    claimant = RadioField(_l("Who claims"), [DataRequired(_l("Choose one."))], choices=SIDES)
    kind = RadioField(
        _l("Kind"),
        [DataRequired(_l("Choose one."))],
        choices=[
            ("dispute", _l("Dispute")),
            ("warranty_claim", with_claim_name(_l("%(name)s: a complaint after the work was finished"))),
        ],
        default="dispute",
    )
    reason_code = SelectField(
        _l("Reason"), [DataRequired(_l("Choose one."))], choices=[("", _l("Choose…")), *read_late(REASON_CODES)]
    )
    claim = TextAreaField(_l("The claim"), [DataRequired(_l("Say what is claimed.")), Length(max=10_000)])
