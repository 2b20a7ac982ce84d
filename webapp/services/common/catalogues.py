"""The words of each language: the catalogues in `translations/`, read as translators write them."""

from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from webapp.domain.languages import ENGLISH
from webapp.domain.money.formatting import localized
from webapp.domain.money.money import Money
from webapp.domain.words import spoken
from webapp.project_folders import TRANSLATIONS
from webapp.services.common.stored_sentences import recognised


def catalogue_of(language: str) -> Path:
    """Where a language's catalogue lies."""
    return TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"


class English(NullTranslations):
    """The language of the code: its words and figures are there already."""

    def shown(self, value: Any) -> Any:
        """A value inside a sentence, as it is."""
        return value


class Words(Translations):
    """A language's words, and its way to write figures."""

    language = ENGLISH

    def shown(self, value: Any) -> Any:
        """A value inside a sentence: money by the language's separators, and another sentence that a row keeps."""
        if isinstance(value, Money):
            return localized(value.amount, value.currency, self.language)
        return spoken(recognised(value), self) if isinstance(value, str) and " " in value else value


@cache
def words_of(language: str) -> English | Words:
    """A language's words, read once a process; English has its words in the code."""
    if language == ENGLISH:
        return English()
    with catalogue_of(language).open("rb") as written:
        catalogue = read_po(written, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    words = Words(compiled)
    words.language = language
    return words
