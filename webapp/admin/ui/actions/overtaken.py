"""The page of whoever came second: what was decided, how it is now, and no form."""

from typing import Any

from webapp.admin.ui.timeline import in_words
from webapp.errors import Overtaken
from webapp.services.read_models import present_state
from webapp.services.read_models.present_state import PresentState

_NOBODYS = PresentState([], None, [], [])


def overtaken(screen: Any, page: Any, arguments: dict[str, Any], refusal: Overtaken) -> Any:
    """Why it was not done, the decision that stands and the state of the thing, with the refusal's status."""
    state = _state(screen, arguments)
    shown = screen.render(
        "components/overtaken.html", action_page=page, refusal=refusal, state=state, moments=in_words(state.moments)
    )
    return shown, refusal.status


def _state(screen: Any, arguments: dict[str, Any]) -> PresentState:
    """Of the first thing that the address names: `dispute_id` is a dispute."""
    for name, number in arguments.items():
        if name.endswith("_id") and isinstance(number, int):
            with screen.reading() as session:
                return present_state.of(session, name.removesuffix("_id"), number)
    return _NOBODYS
