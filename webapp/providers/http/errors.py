"""How a call to the outside can end without an answer, told apart by what it may have done there."""

from webapp.domain.providers.provider_results import NoResponse


class CallFailed(Exception):
    """A call brought no usable answer. The message is a sentence without secrets; `retry_after` is in seconds.

    `status` and `code` are the provider's own, when it answered.
    """

    def __init__(self, sentence: str, *, retry_after: float | None = None, status: int = 0, code: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.retry_after = retry_after
        self.status, self.code = status, code


class NotSent(CallFailed):
    """It surely had no effect: nothing was sent, or the provider said that it did nothing."""


class KeyRefused(NotSent):
    """The provider does not take our key, so it did nothing."""


class NotDone(NotSent):
    """The provider answered that it did nothing, for a reason that may pass. It says nothing against our key."""


class PayoutsHeld(NotDone):
    """It answers so to every payout, until something changes there: our balance is topped up, our business allowed."""


class RecipientUnknown(NotDone):
    """It does not know the account under the name that it once gave it."""


class Unknown(CallFailed):
    """It was sent, and may or may not have had its effect: ask before doing it again."""


class Exists(Unknown):
    """The provider answered that it is there already, or was: look, and do not call it failed."""


class ProviderRefused(CallFailed):
    """The provider understood and said no: this was not done, and will not be. `code` is its own word for why."""


class NotAnswered(ProviderRefused):
    """The provider would not answer a question. That says nothing of what was asked about."""


def no_response(failure: CallFailed) -> NoResponse:
    """A failed call as a word that can be settled."""
    return NoResponse(
        failure.sentence,
        failure.retry_after,
        is_refusal=isinstance(failure, ProviderRefused) and not isinstance(failure, NotAnswered),
        is_answer=isinstance(failure, ProviderRefused | NotDone | Exists),
        is_unsent=isinstance(failure, NotSent),
        is_there=isinstance(failure, Exists),
        pauses_all=isinstance(failure, PayoutsHeld),
    )
