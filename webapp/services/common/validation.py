"""Checks of input that several actions share. Each raises Invalid with the field's name."""

from webapp.domain.instants import known_zones
from webapp.domain.languages import known_languages
from webapp.domain.money import countries
from webapp.domain.money.money import LARGEST, exponent
from webapp.domain.words import phrase
from webapp.errors import Invalid

LONGEST_TEXT = 10_000


def require_text(text: str | None, field: str, sentence: str, *, longest: int = LONGEST_TEXT) -> str:
    """The text without blanks around it; the sentence says what to write when there is none."""
    stripped = (text or "").strip()
    if not stripped:
        raise Invalid(sentence, fields={field: sentence})
    if len(stripped) > longest:
        raise Invalid(
            phrase("Say it in at most %(longest)s characters.", longest=f"{longest:,}"),
            fields={field: phrase("At most %(longest)s characters.", longest=f"{longest:,}")},
        )
    return stripped


def require_country(country: str) -> None:
    """Raise Invalid for what is no country's code."""
    if country not in countries.codes():
        sentence = phrase("%(country)s is no country's code of ISO 3166, such as RW.", country=f"{country!r}")
        raise Invalid(sentence, fields={"country": sentence})


def require_language(language: str) -> None:
    """Raise Invalid for what is no language's code."""
    if language not in known_languages():
        sentence = phrase("%(language)s is no language's code of ISO 639-1, such as fr.", language=f"{language!r}")
        raise Invalid(sentence, fields={"language": sentence})


def require_zone(zone: str) -> None:
    """Raise Invalid for what is no time zone."""
    if zone not in known_zones():
        sentence = phrase("%(zone)s is no IANA time zone, such as Africa/Kigali.", zone=f"{zone[:80]!r}")
        raise Invalid(sentence, fields={"zone": sentence})


def require_currency(currency: str) -> None:
    """A currency code of ISO 4217."""
    try:
        exponent(currency)
    except ValueError as unknown:
        raise Invalid(f"{unknown}.", fields={"currency": f"{unknown}."}) from None


def require_amount(amount: int, currency: str, field: str = "amount") -> None:
    """More than nothing, and no more than one action may move; in minor units."""
    require_currency(currency)
    if amount <= 0:
        raise Invalid(phrase("The amount must be more than zero."), fields={field: phrase("More than zero, please.")})
    if amount > LARGEST:
        raise Invalid(phrase("The amount is larger than this desk can move."), fields={field: phrase("Too large.")})
