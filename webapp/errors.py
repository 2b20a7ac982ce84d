"""Refusals: the handful of answers an action may give instead of being done.

Screens show them, the API renders them, jobs count them. Any other exception is a bug and stays loud.
"""

from collections.abc import Mapping


class Refusal(Exception):
    """An action was not done and nothing changed. The message is a sentence a person can act on."""

    status = 400
    title = "Refused"

    def __init__(self, detail: str, *, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fields = dict(fields or {})


class Invalid(Refusal):
    """The input can't be used; `fields` names each wrong field with a sentence."""

    status = 422
    title = "Invalid input"


class NotSignedIn(Refusal):
    """Nobody is known to be asking."""

    status = 401
    title = "Sign in first"


class NotAllowed(Refusal):
    """The actor may not do this."""

    status = 403
    title = "Not allowed"


class NotFound(Refusal):
    """There is no such thing, or the actor may not know of it."""

    status = 404
    title = "Not found"


class Conflict(Refusal):
    """The thing changed meanwhile, or is not in a state that allows this."""

    status = 409
    title = "Conflict"


class Overtaken(Conflict):
    """Somebody was first: the thing is not as whoever asks has seen it, and the same form makes no sense any more."""


class Unavailable(Refusal):
    """A part that is needed is not there: not configured, or down."""

    status = 503
    title = "Unavailable"
