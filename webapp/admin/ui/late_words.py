"""Words of a form that is declared before anybody asks for it."""

from collections.abc import Mapping

from flask_babel import LazyString, get_translations

from webapp.domain.words import spoken


def read_late(words: Mapping[str, str]) -> list[tuple[str, LazyString]]:
    """Choices of a field, whose labels are sentences of the desk: each reader has them in their language."""
    return [(value, LazyString(_spoken, label)) for value, label in words.items()]


def _spoken(label: str) -> str:
    return str(spoken(label, get_translations()))
