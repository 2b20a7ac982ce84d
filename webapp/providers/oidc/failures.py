"""How a sign-in through the identity provider ends without one: each with a sentence, and a word for the log."""

from webapp.errors import Refusal

LEEWAY_SECONDS = 60
"""By which the provider's clock and the desk's may differ."""
_AGAIN = "Start again from the sign-in page."
_TELL = "Tell an administrator of the desk."


class ProviderSignInFailed(Refusal):
    """Nobody was signed in. `reason` stands in the log; the sentence says what to do."""

    status = 403
    title = "You are not signed in"

    def __init__(self, reason: str, sentence: str, *, status: int = 403, problem: str = "") -> None:
        super().__init__(sentence)
        self.reason, self.status = reason, status
        self.problem = problem
        """More for the log, without secrets."""


def unreachable(problem: str) -> ProviderSignInFailed:
    """The provider does not answer, or not in a way that can be read."""
    sentence = (
        "Your company's identity provider does not answer as it should just now. Try again in a minute; if it goes on, "
        "tell whoever runs it."
    )
    return ProviderSignInFailed("provider_away", sentence, status=503, problem=problem)


def misconfigured(problem: str) -> ProviderSignInFailed:
    """The provider does not take the desk's client, or is not the issuer that is set."""
    sentence = f"The desk and your company's identity provider do not agree on how they are set up. {_TELL}"
    return ProviderSignInFailed("configuration", sentence, status=503, problem=problem)


def not_from_here() -> ProviderSignInFailed:
    """The answer belongs to no sign-in that this browser began."""
    sentence = (
        "This answer of the identity provider belongs to no sign-in that this browser began in the last ten minutes. "
        f"{_AGAIN}"
    )
    return ProviderSignInFailed("state", sentence, status=400)


def other_issuer() -> ProviderSignInFailed:
    """Another issuer answered than the one that was asked."""
    sentence = f"The answer came from another identity provider than the one that was asked. {_AGAIN}"
    return ProviderSignInFailed("issuer", sentence, status=400)


def declined(code: str) -> ProviderSignInFailed:
    """The person, or the provider in its rules, said no."""
    sentence = (
        "The identity provider did not let you in, or you stopped on its page. Try again; if you should have access, "
        "ask whoever runs it."
    )
    return ProviderSignInFailed("declined", sentence, problem=code)


def spent() -> ProviderSignInFailed:
    """The code has expired, or was used."""
    return ProviderSignInFailed(
        "code", f"This sign-in took too long, or its address was opened twice. {_AGAIN}", status=400
    )


def clocks_differ() -> ProviderSignInFailed:
    """What the provider says is not valid yet, or not any more."""
    sentence = (
        "What the identity provider said is not valid at this time: its clock and the desk's differ, or it took long. "
        "Try again; if it goes on, tell an administrator of the desk that the clocks differ."
    )
    return ProviderSignInFailed("expired", sentence)


def not_believed(problem: str) -> ProviderSignInFailed:
    """What the provider said about the person does not stand up to the checks."""
    sentence = f"What the identity provider said about you could not be verified, so it is not believed. {_TELL}"
    return ProviderSignInFailed("id_token", sentence, problem=problem)


def stale() -> ProviderSignInFailed:
    """The provider did not ask the person again."""
    sentence = (
        "The identity provider did not ask you to sign in anew, so this does not confirm that it is you. Sign out "
        "there and try again, or use your password or a code."
    )
    return ProviderSignInFailed("not_asked_again", sentence)


def somebody_else() -> ProviderSignInFailed:
    """Another person signed in at the provider than the one who is signed in here."""
    sentence = (
        "Somebody else signed in at the identity provider than the one who is signed in here, so nothing is confirmed. "
        "Sign in there as yourself."
    )
    return ProviderSignInFailed("somebody_else", sentence)
