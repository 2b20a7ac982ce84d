"""What the reader's language is: a person's own, else the browser's, else the desk's."""

from typing import Any

from flask import Flask, request
from flask_babel import Babel, Domain, get_locale

from webapp.domain.languages import ENGLISH, LANGUAGES
from webapp.security.context import known_principal, runtime
from webapp.services.common.catalogues import English, Words, words_of


def reader_language() -> str:
    """The language that a person chose on their profile, else the first of the browser's that there is."""
    principal = known_principal()
    chosen = principal.user.language if principal is not None and principal.user is not None else ""
    return chosen or request.accept_languages.best_match(LANGUAGES) or runtime().settings.default_language


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
