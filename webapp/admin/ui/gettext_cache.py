"""gettext for templates with the catalogue looked up once a request: a page asks for hundreds of words."""

from collections.abc import Callable
from typing import Any

from flask import Flask, g, has_app_context
from flask_babel import get_translations
from jinja2 import pass_context
from jinja2.runtime import Context

from webapp.domain.words import Sentence


def register_gettext(app: Flask) -> None:
    """Give templates `_`, `gettext` and `ngettext`."""
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda message: _catalogue().ugettext(message),
        ngettext=lambda one, many, count: _catalogue().ungettext(one, many, count),
        newstyle=True,
    )
    words: dict[str, Any] = app.jinja_env.globals
    words |= {name: _with_sentences(words[name]) for name in ("gettext", "ngettext")}


def _with_sentences(translate: Callable[..., Any]) -> Callable[..., Any]:
    """The same, with those of the values that are sentences of the desk in the reader's language too."""

    @pass_context
    def translated(context: Context, *messages: Any, **values: Any) -> Any:
        catalogue: Any = None
        for name, value in values.items():
            if isinstance(value, Sentence):
                catalogue = catalogue or _catalogue()
                values[name] = value.spoken(catalogue)
        return translate(context, *messages, **values)

    return translated


def _catalogue() -> Any:
    if not has_app_context():
        return get_translations()
    found = g.get("catalogue")
    if found is None:
        found = g.catalogue = get_translations()
    return found
