"""What of a party's would tell who it is: its names and addresses, present and former, found again in other texts."""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import ColumnElement, Text, false, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from webapp.domain.outbox.notify_urls import dialled
from webapp.models import Audit, Party, PayoutDestination

FORGOTTEN = "[forgotten]"
"""What stands where something personal stood."""
_FIELDS = ("name", "email", "phone")
_SHORTEST = 2


class PersonalTexts:
    """Texts of one party that are replaced wherever they stand, as whole words, in any case."""

    def __init__(self, texts: Iterable[str | None]) -> None:
        found = {text.strip() for text in texts if text and len(text.strip()) >= _SHORTEST}
        self._texts = sorted(found, key=lambda text: (-len(text), text))
        whole = "|".join(re.escape(text) for text in self._texts)
        self._pattern = re.compile(rf"(?<!\w)(?:{whole})(?!\w)", re.IGNORECASE) if whole else None

    def replaced(self, text: str) -> str:
        """The text without them."""
        return self._pattern.sub(FORGOTTEN, text) if self._pattern else text

    def replaced_in(self, value: Any) -> Any:
        """A value out of JSON without them, wherever they stand in it."""
        if isinstance(value, str):
            return self.replaced(value)
        if isinstance(value, dict):
            return {name: self.replaced_in(each) for name, each in value.items()}
        return [self.replaced_in(each) for each in value] if isinstance(value, list) else value

    def replaced_anywhere(self, value: Any) -> Any:
        """What a column holds without them: a text, JSON as text, or a value out of JSON."""
        if isinstance(value, str) and value[:1] in ("{", "["):
            return changed_json(value, self.replaced_in)
        return self.replaced_in(value)

    @property
    def addresses(self) -> list[str]:
        """Those that a message may have been sent to."""
        return list(self._texts)

    def may_stand_in(self, *columns: Any) -> ColumnElement[bool]:
        """Whether one of them may stand in one of the columns: what the database can say before the text is read."""
        spellings = {form for text in self._texts for form in (text, _escaped(text, True), _escaped(text, False))}
        as_text = [type_coerce(column, Text) for column in columns]
        return or_(
            false(),
            *(func.lower(column).contains(form.lower(), autoescape=True) for column in as_text for form in spellings),
        )


def of_party(session: Session, party: Party) -> list[str | None]:
    """Its names, email addresses, telephone numbers and names on accounts, also those that it had before."""
    texts: list[str | None] = [party.name, party.email, party.phone, dialled(party.phone or "")]
    own = select(PayoutDestination.account_name).where(PayoutDestination.party_id == party.id)
    texts += session.scalars(own).all()
    changes = select(Audit.before, Audit.after).where(Audit.subject_kind == "party", Audit.subject_id == party.id)
    for written in session.execute(changes.where(Audit.action.in_(("party.create", "party.change")))):
        for text in written:
            fields = json.loads(text) if text else {}
            texts += [fields.get(name) for name in _FIELDS] + [dialled(fields.get("phone") or "")]
    # A backlog names its parties by their references, which the books need: they stay.
    return [text for text in texts if text and text != party.ref]


def changed_json(text: str, change: Callable[[Any], Any]) -> str:
    """JSON as text after a change of its value; what the change leaves alone stays as it was written."""
    try:
        value = json.loads(text)
    except ValueError:
        return str(change(text))
    new = change(value)
    return text if new == value else json.dumps(new, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _escaped(text: str, ascii_only: bool) -> str:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]
