"""What the reader's language is, and its words: the catalogues in `translations/`, read as translators write them."""

from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, request
from flask_babel import Babel, Domain, get_locale

from webapp.admin.ui.stored_sentences import recognised
from webapp.domain.languages import ENGLISH, LANGUAGES
from webapp.domain.money.formatting import localized
from webapp.domain.money.money import Money
from webapp.domain.words import spoken
from webapp.project_folders import TRANSLATIONS
from webapp.security.context import known_principal


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


def reader_language() -> str:
    """The language that a person chose on their profile, else the first of the browser's that there is."""
    principal = known_principal()
    chosen = principal.user.language if principal is not None and principal.user is not None else ""
    return chosen or request.accept_languages.best_match(LANGUAGES) or ENGLISH


class _Catalogues(Domain):
    """Flask-Babel looks for compiled catalogues, which would be generated files beside their sources."""

    def get_translations(self) -> English | Words:
        locale: Any = get_locale()
        return words_of(locale.language if locale is not None else ENGLISH)


class _Languages(Babel):
    domain_instance = _Catalogues()


def register_languages(app: Flask) -> None:
    """Show each page in its reader's language."""
    _Languages(app, default_locale=ENGLISH, locale_selector=reader_language)
