"""The filter by provider, whose choices are asked of the catalogue when they are shown."""

from typing import Any

from flask_babel import lazy_gettext as _l

from webapp.admin.ui.lists.columns import Filter, choice
from webapp.providers import catalogue


def provider(column: Any) -> Filter:
    """Rows of one of the providers that move money."""
    return choice("provider", _l("Provider"), column, lambda: [(name, name) for name in catalogue.payment_providers()])
