"""Who reads a letter: the language and the clock it is written by. Pages ask their own reader; this is for what leaves.

A party's own language, where the desk has its words, and its own zone; else that of its country, where all of it has
one; else the desk's (DEFAULT_LANGUAGE, DEFAULT_ZONE).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from webapp.domain.instants import parts_of
from webapp.domain.languages import ENGLISH, LANGUAGES
from webapp.domain.localized_dates import localized_instant
from webapp.domain.money.countries import only_zone
from webapp.domain.money.formatting import localized
from webapp.domain.money.money import Money
from webapp.domain.words import spoken
from webapp.models import Party, Tenant, User
from webapp.services.common.catalogues import words_of
from webapp.services.common.stored_sentences import recognised
from webapp.settings import Settings


class KeptSentence(str):
    """What a row keeps in English, with its instants in UTC: a letter says it in its reader's language and zone."""


@dataclass(frozen=True, slots=True)
class LetterReader:
    """A catalogue for letters: what people wrote stays as it is, instants are told on the reader's clock."""

    language: str = ENGLISH
    zone: str = "UTC"

    def gettext(self, message: str) -> str:
        """A message in the reader's language."""
        return str(words_of(self.language).gettext(message))

    def ngettext(self, one: str, many: str, number: int) -> str:
        """The same of a message that depends on a number."""
        return str(words_of(self.language).ngettext(one, many, number))

    def shown(self, value: Any) -> Any:
        """A value inside a sentence: money and instants as the language writes them."""
        if isinstance(value, datetime):
            return localized_instant(value, ZoneInfo(self.zone), self.language)
        if isinstance(value, Money) and self.language != ENGLISH:
            return localized(value.amount, value.currency, self.language)
        if isinstance(value, KeptSentence):
            sentence = spoken(recognised(str(value)), self)
            return "".join(part if isinstance(part, str) else self.shown(part) for part in parts_of(sentence))
        return value


def of_desk(settings: Settings) -> LetterReader:
    """Whoever reads a chat, or is known by an address only."""
    return LetterReader(settings.default_language, settings.default_zone)


def of_party(party: Party, settings: Settings) -> LetterReader:
    """A party."""
    zone = party.zone or only_zone(party.country or "") or settings.default_zone
    return LetterReader(_language(party.language, settings), zone)


def of_tenant(tenant: Tenant, settings: Settings) -> LetterReader:
    """A tenant, in its own zone."""
    return LetterReader(_language(tenant.language, settings), tenant.zone or settings.default_zone)


def of_person(user: User, settings: Settings) -> LetterReader:
    """Somebody of ours: by their profile."""
    return LetterReader(_language(user.language, settings), user.zone)


def _language(own: str | None, settings: Settings) -> str:
    return own if own in LANGUAGES else settings.default_language
