"""Kinds of disputes as pages name them."""

from flask_babel import LazyString, get_translations

from webapp.domain.states import DisputeKind
from webapp.domain.words import spoken
from webapp.security.context import runtime
from webapp.services.common.claim_names import kind_in_words


def dispute_kind(kind: str) -> str:
    """A kind of dispute in the reader's language, or as the marketplace calls it."""
    return str(spoken(kind_in_words(kind, runtime().settings), get_translations()))


def dispute_kinds() -> list[tuple[str, str]]:
    """Every kind with what it is called, to choose from."""
    return [(str(kind), dispute_kind(kind)) for kind in DisputeKind]


def with_claim_name(sentence: object) -> LazyString:
    """A sentence with a place for the `name` of warranty claims; at its beginning the name has a capital."""
    return LazyString(_named, sentence)


def _named(sentence: object) -> str:
    name, text = dispute_kind(DisputeKind.WARRANTY_CLAIM), str(sentence)
    return text % {"name": f"{name[:1].upper()}{name[1:]}" if text.startswith("%") else name}
