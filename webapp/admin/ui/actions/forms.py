"""Forms of the desk: CSRF, a number that makes a second sending harmless, and fields for money and time."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, SelectMultipleField, StringField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget, TextInput

from webapp.admin.ui.formatting import current_zone
from webapp.domain import references
from webapp.domain.instants import known_zones, parse_day, parse_local, shown_in
from webapp.domain.money.amounts import parse_amount
from webapp.domain.money.money import Money, major_text, present
from webapp.domain.numbers import parse_whole
from webapp.domain.words import joined, sentence_of
from webapp.errors import Invalid, Refusal
from webapp.security import submission_numbers

_ZONES = sorted(
    zone for zone in known_zones() if "/" in zone and not zone.startswith(("Etc/", "posix/", "right/", "SystemV/"))
)
ZONE_CHOICES = [("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in _ZONES)]
"""The zones that a person may choose."""


def reference_shown(_form: FlaskForm, field: Field) -> None:
    """Refuse a reference that is not what it looks like."""
    if not references.can_be_shown(field.data or ""):
        raise ValidationError(_("It has a character that can't be shown."))


_UNKEPT = frozenset({"hidden", "password", "file", "submit"})
_SECRET = frozenset({"current-password", "new-password", "one-time-code"})


class DeskForm(FlaskForm):
    """The base of every form. A form with no fields of its own is a confirmation."""

    submission = HiddenField(default=submission_numbers.new)

    def visible(self) -> list[Field]:
        """The fields a person sees."""
        return [field for field in self if not _is_hidden(field)]

    def hidden(self) -> list[Field]:
        """The fields that only travel along."""
        return [field for field in self if _is_hidden(field)]

    def keepable(self) -> list[str]:
        """The fields that are kept when a form can't be sent: what a person wrote, but no secrets and no files.

        With the submission's number, so that what was done after all by an earlier sending is not done once more.
        """
        return [field.name for field in self if field is self.submission or not _is_unkept(field)]

    def text(self, name: str) -> str:
        """What was written in a field, without blanks around it."""
        return str(self[name].data or "").strip()

    def number(self, name: str) -> int:
        """A number that travelled along in a hidden field."""
        found = parse_whole(self.text(name) or "0")
        if found is None:
            raise Invalid(_("This form can't be used any more. Load the page again."))
        return found

    def add_errors(self, refusal: Refusal) -> None:
        """Put a refusal's errors at their fields."""
        for name, sentence in refusal.fields.items():
            if name in self:
                self[name].errors = [*self[name].errors, sentence]


class ReasonForm(DeskForm):
    """Why it is done, in a sentence."""

    reason = TextAreaField(_l("Reason"), [DataRequired(_l("Say why, in a sentence.")), Length(max=2000)])


class PasskeyForm(DeskForm):
    """What a passkey signed, put there by the page's script."""

    credential = HiddenField(default="")


class VersionedReasonForm(ReasonForm):
    """Why it is done to what the page showed."""

    version = HiddenField()


class DecisionForm(VersionedReasonForm):
    """A decision about money: previewed, then done."""

    step = HiddenField(default="preview")


def _is_hidden(field: Field) -> bool:
    return getattr(field.widget, "input_type", "") == "hidden"


def _is_unkept(field: Field) -> bool:
    kind = getattr(field.widget, "input_type", "")
    return kind in _UNKEPT or (field.render_kw or {}).get("autocomplete") in _SECRET


class Choices(SelectMultipleField):
    """Several of a few, as check boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class MoneyField(StringField):
    """An amount in major units, as people write it; `data` is Money. The currency is the form's `currency` or fixed."""

    def __init__(self, label: Any = None, validators: Any = None, currency: str = "", **options: Any) -> None:
        super().__init__(label, validators, **options)
        self.currency = currency

    widget = TextInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        """Keep what was typed, for showing it again."""
        self.typed = valuelist[0] if valuelist else ""
        self.data = self.typed

    def _value(self) -> str:
        return getattr(self, "typed", "") or str(self.data or "")

    def money(self, currency: str) -> Money:
        """The amount in this currency. Raises ValidationError with a sentence."""
        try:
            return Money(parse_amount(self._value(), currency), currency)
        except ValueError as wrong:
            raise ValidationError(joined(sentence_of(wrong), ".", between="")) from None

    def minor(self, currency: str) -> int:
        """The amount in minor units. Raises Invalid, told at this field."""
        try:
            return self.money(currency).amount
        except ValueError as wrong:
            raise Invalid(sentence_of(wrong), fields={self.name: sentence_of(wrong)}) from None


def checked_currency(typed: str) -> str:
    """The code of a present currency out of what was typed. Raises Invalid, told at the field `currency`."""
    try:
        return present(typed.strip().upper())
    except ValueError as wrong:
        sentence = joined(sentence_of(wrong), ".", between="")
        raise Invalid(sentence, fields={"currency": sentence}) from None


def in_major(amount: int | None, currency: str) -> str:
    """An amount in minor units as people write it; nothing for None."""
    return "" if amount is None else major_text(amount, currency, grouped=False)


class DayField(StringField):
    """A day of the calendar; `data` is a date, or None."""

    widget = TextInput(input_type="date")

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read a day as the browser sends it."""
        self.typed = valuelist[0].strip() if valuelist else ""
        self.data = None
        if self.typed:
            try:
                self.data = parse_day(self.typed, UTC).date()  # type: ignore[assignment]
            except ValueError as wrong:
                raise ValueError(_("Write a day, such as 2026-03-01: %(wrong)s.", wrong=wrong)) from None

    def _value(self) -> str:
        return getattr(self, "typed", "") or str(self.data or "")


class InstantField(StringField):
    """A date and time in the zone of the reader, as `parse_local` reads it; `data` is an aware instant, or None."""

    widget = TextInput(input_type="datetime-local")

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read local time as the browser sends it."""
        self.typed = valuelist[0].strip() if valuelist else ""
        self.data = None
        if self.typed:
            self.data = self._read(self.typed)  # type: ignore[assignment]

    def _read(self, typed: str) -> datetime:
        try:
            return parse_local(typed, ZoneInfo(current_zone()))
        except ValueError as wrong:
            raise ValueError(_("Write a date and time, such as 2026-03-01 14:30: %(wrong)s.", wrong=wrong)) from None

    def _value(self) -> str:
        if getattr(self, "typed", None):
            return self.typed
        moment: Any = self.data
        return shown_in(moment, ZoneInfo(current_zone())).strftime("%Y-%m-%dT%H:%M") if moment else ""
