"""How a call to the outside can end without an answer, told apart by what it may have done there."""

from webapp.domain.provider_words import Unanswered


class CallFailed(Exception):
    """A call brought no usable answer. The message is a sentence without secrets; `retry_after` is in seconds."""

    def __init__(self, sentence: str, *, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.retry_after = retry_after


class NotSent(CallFailed):
    """It surely had no effect: nothing was sent, or the provider said that it did nothing."""


class KeyRefused(NotSent):
    """The provider does not take our key, so it did nothing."""


class Unknown(CallFailed):
    """It was sent, and may or may not have had its effect: ask before doing it again."""


class Refused(CallFailed):
    """The provider understood and said no. `code` is its own word for why."""

    def __init__(self, sentence: str, *, status: int, code: str = "") -> None:
        super().__init__(sentence)
        self.status, self.code = status, code


def unanswered(failure: CallFailed) -> Unanswered:
    """A failed call as a word that can be settled."""
    return Unanswered(
        failure.sentence,
        failure.retry_after,
        is_refusal=isinstance(failure, Refused),
        is_unsent=isinstance(failure, NotSent),
    )
