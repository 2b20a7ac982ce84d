"""Settings of how somebody reads of whom nothing is known: a language, and a zone."""

from typing import Annotated

from pydantic import AfterValidator

from webapp.domain.instants import known_zones
from webapp.domain.languages import LANGUAGES


def _language(code: str) -> str:
    if code not in LANGUAGES:
        raise ValueError(f"write one of {', '.join(LANGUAGES)}")
    return code


def _zone(name: str) -> str:
    if name not in known_zones():
        raise ValueError(f"{name!r} is no IANA time zone, such as Africa/Kigali")
    return name


Language = Annotated[str, AfterValidator(_language)]
Zone = Annotated[str, AfterValidator(_zone)]
