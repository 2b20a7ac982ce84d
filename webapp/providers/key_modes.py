"""Keys of a provider's test mode, where no money is real. A production desk talks to nobody with one."""

from webapp.providers import catalogue
from webapp.settings import Settings


def of(settings: Settings) -> dict[str, str]:
    """The variable that holds a test key in production, by provider; elsewhere test keys are as they should be."""
    if not settings.is_production:
        return {}
    return {each.name: variable for each in catalogue.every() if (variable := each.test_key(settings))}


def in_words(provider: str, variable: str) -> str:
    """What is wrong, and what to do."""
    return (
        f"{variable} is a test key of {provider}, and this desk is in production: no money would be real, so nothing "
        "is sent to it and nothing is asked. Set the live key."
    )
