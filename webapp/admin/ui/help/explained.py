"""Odd words explained where they stand: the first time that a page says one, it leads to its place in the glossary.

What it means is shown while the word is pointed at or has the focus of the keyboard; a touch opens the glossary there.
No script has a part in it.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from flask import g, url_for
from flask_babel import get_locale
from markupsafe import Markup

from webapp.admin.ui.help.glossary import TERMS

_WORD = Markup(
    '<span class="term-of"><a class="term" href="{url}#{place}" aria-describedby="term-{place}">{label}</a>'
    '<span class="term-says" role="tooltip" id="term-{place}">{meaning}</span></span>'
)
_MARK = Markup(
    '<span class="term-of"><a class="term term-mark" href="{url}#{place}" aria-label="{label}?"'
    ' aria-describedby="term-{place}"><span aria-hidden="true">?</span></a>'
    '<span class="term-says" role="tooltip" id="term-{place}">{meaning}</span></span>'
)


def explained(label: Any) -> Any:
    """A label as it is; one that is a word of the glossary, the first time on a page, with its meaning."""
    return _first(label, _WORD, label)


def question_mark(label: Any) -> Any:
    """What stands beside a label that is a link of its own: a mark that does what `explained` does."""
    return _first(label, _MARK, "")


def _first(label: Any, shape: Markup, otherwise: Any) -> Any:
    place = places(str(get_locale())).get(str(label))
    earlier: set[str] = g.setdefault("explained_terms", set())
    if place is None or place in earlier:
        return otherwise
    earlier.add(place)
    url = url_for("glossary.index")
    return shape.format(url=url, place=place, label=label, meaning=TERMS[place].meaning)


@lru_cache
def places(_language: str) -> Mapping[str, str]:
    """Each label of the reader's language that is a word of the glossary, with its place there."""
    return {str(label): place for place, term in TERMS.items() for label in (term.word, *term.also)}
