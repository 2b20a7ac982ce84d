"""A decision about money in two steps: first every entry that it would post, then the decision itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from flask import make_response
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from webapp.admin.ui.actions.form_action import Done
from webapp.admin.ui.screen import Screen

ABOVE_LIMIT = _l("This is above your limit: nothing is done until a second person approves it.")
ABOVE_LIMIT_POSTED = _l("This is above your limit: a second person must approve it before anything is posted.")
ABOVE_LIMIT_FROZEN = _l(
    "This is above your limit: a second person must approve it before anything is posted. The escrow stays frozen "
    "until then."
)

Verb = tuple[Any, Any]
"""What the button says when it is done at once, and when it is only proposed; amounts stand in it by name."""


class Decided(Protocol):
    """What a decision's service answers: what was done, or proposed."""

    @property
    def sentence(self) -> str:
        """It in words."""


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """The page between the form and the decision."""

    preview: Any
    verb: str
    back: str
    heading: Any
    second: Any = ABOVE_LIMIT
    """What is said when a second person has to agree."""
    danger: bool = False


def preview_then_decide(
    screen: Screen, form: Any, preview: Callable[[Session], PreviewPage], decide: Callable[[Session], Decided]
) -> Done:
    """The preview, until its own button sends the form once more; then the decision, in one transaction."""
    if form.step.data != "do":
        with screen.reading() as session:
            page = preview(session)
        shown = {name: getattr(page, name) for name in PreviewPage.__slots__}
        return make_response(screen.render("components/preview_page.html", form=form, **shown))
    with screen.transaction() as session:
        return str(decide(session).sentence)


def verb_of(verb: Verb, preview: Any, **amounts: str) -> str:
    """What the button says: the action, the amount, and whether somebody else must agree."""
    return str(verb[preview.needs_second_person] % amounts)
