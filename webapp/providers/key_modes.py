"""Keys of a provider's test mode, where no money is real. A production desk talks to nobody with one."""

from webapp.providers.flutterwave import common as flutterwave
from webapp.providers.paystack import provider as paystack
from webapp.settings import Settings

_BEGINNINGS = {"sk_test_": paystack.NAME, "FLWSECK_TEST": flutterwave.NAME}


def of(settings: Settings) -> dict[str, str]:
    """The variable that holds a test key in production, by provider; elsewhere test keys are as they should be."""
    if not settings.is_production:
        return {}
    keys = {
        "PAYSTACK_SECRET_KEY": settings.paystack_secret_key,
        "FLUTTERWAVE_SECRET_KEY": settings.flutterwave_secret_key,
    }
    found = {name: variable for variable, key in keys.items() for name in [_provider_of(key)] if name}
    if settings.flutterwave_client_id and settings.flutterwave_client_secret:
        found.pop(flutterwave.NAME, None)  # v4 is used then, and its clients have no mark of their own
    return found


def in_words(provider: str, variable: str) -> str:
    """What is wrong, and what to do."""
    return (
        f"{variable} is a test key of {provider}, and this desk is in production: no money would be real, so nothing "
        "is sent to it and nothing is asked. Set the live key."
    )


def _provider_of(key: str) -> str | None:
    return next((name for beginning, name in _BEGINNINGS.items() if key.startswith(beginning)), None)
