"""What a provider's answers are known to mean. Whatever is not known is unknown: nobody takes it for a refusal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

ErrorReader = Callable[[Any], tuple[str, str]]
"""From a provider's error body: its code and its sentence."""


class AnswerKind(StrEnum):
    """What an answer means."""

    ANSWER = "answer"
    """It is about what was asked, and is read."""
    REFUSED = "refused"
    """It was not done and will not be."""
    NOT_SENT = "not_sent"
    """It was not done, for a reason that may pass."""
    KEY_REFUSED = "key_refused"
    EXISTS = "exists"
    """It is there already, or was: look."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """One answer that is known: every part that is not empty has to fit."""

    kind: AnswerKind
    call: str = ""
    """The method and the beginning of the path, as `POST /refund`."""
    status: int = 0
    code: str = ""
    message: str = ""
    """A part of its sentence, in lower case."""

    def fits(self, call: str, status: int, code: str, message: str) -> bool:
        """Whether an answer is this one."""
        return (
            call.startswith(self.call)
            and self.status in (0, status)
            and self.code in ("", code)
            and self.message in message.lower()
        )


_EVERYWHERE = (KnownAnswer(AnswerKind.KEY_REFUSED, status=401), KnownAnswer(AnswerKind.NOT_SENT, status=429))
"""A key is refused with 401 everywhere, and 429 is a request that was not looked at."""


@dataclass(frozen=True, slots=True)
class KnownAnswers:
    """What the answers of one provider's interface are known to mean."""

    table: Sequence[KnownAnswer]
    """The first entry that fits counts."""
    read_error: ErrorReader
    is_answer: Callable[[Any], bool]
    """Whether the body of a 2xx is about what was asked."""

    def classify(self, method: str, path: str, status: int, body: Any) -> AnswerKind:
        """What the answer to a call means. A body that is no JSON is None."""
        if status < 300 and self.is_answer(body):
            return AnswerKind.ANSWER
        code, message = self.read_error(body)
        # What is no JSON is not the provider's own word, but that of something on the way, which knows nothing of what
        # was done: a proxy's 404 must not be taken for a refusal in the table.
        possible = _EVERYWHERE if body is None else (*self.table, *_EVERYWHERE)
        found = (each.kind for each in possible if each.fits(f"{method} {path}", status, code, message))
        return next(found, AnswerKind.UNKNOWN)
