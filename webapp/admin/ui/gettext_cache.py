"""gettext for templates with the catalogue looked up once a request: a page asks for hundreds of words."""

from typing import Any

from flask import Flask, g, has_app_context
from flask_babel import get_translations


def register_gettext(app: Flask) -> None:
    """Give templates `_`, `gettext` and `ngettext`."""
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda message: _catalogue().ugettext(message),
        ngettext=lambda one, many, count: _catalogue().ungettext(one, many, count),
        newstyle=True,
    )


def _catalogue() -> Any:
    if not has_app_context():
        return get_translations()
    found = g.get("catalogue")
    if found is None:
        found = g.catalogue = get_translations()
    return found
