"""Every message has its translation in every language, with the same placeholders, and is one that can be found."""

import ast
import re
from itertools import combinations
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

import translations

_MARKS = {"_", "_l", "gettext", "lazy_gettext", "ngettext", "phrase", "message"}
_FOUND = ast.Constant | ast.Name | ast.Attribute | ast.Call


@pytest.fixture(scope="module")
def said() -> Catalog:
    return translations.messages()


@pytest.mark.parametrize("language", translations.OTHERS)
def test_a_language_is_complete(language: str, said: Catalog) -> None:
    assert sorted(translations.faults(translations.written(language), said)) == [], "make translations brings them in"


def test_no_language_has_the_sentences_of_another() -> None:
    """Words may be the same in two languages, sentences are not: a catalogue was filled with another's."""
    catalogues = {
        language: {str(each.id): str(each.string) for each in translations.written(language) if each.id}
        for language in translations.OTHERS
    }
    same = [
        f"{one} has the sentence of {other}: {message}"
        for one, other in combinations(catalogues, 2)
        for message, text in catalogues[one].items()
        if text == catalogues[other].get(message) and text != message and len(re.findall(r"[^\W\d_]{3,}", text)) > 4
    ]
    assert same == []


def test_a_message_that_lacks_anything_is_told() -> None:
    said, catalogue = Catalog(), Catalog(locale="fr")
    for message in ("Open", "Of %(name)s", ("%(num)s run", "%(num)s runs"), "Done"):
        said.add(message)
    for message, text in (
        ("Of %(name)s", "De %(nom)s"),
        (("%(num)s run", "%(num)s runs"), ("%(num)s", "")),
        ("Old", "Vieux"),
    ):
        catalogue.add(message, text)
    catalogue.add("Done", "Fait")
    assert sorted(translations.faults(catalogue, said)) == [
        "no translation: 'Open'",
        "no translation: ('%(num)s run', '%(num)s runs')",
        "nothing says it any more: 'Old'",
        "other placeholders: 'Of %(name)s' is 'De %(nom)s'",
    ]


def test_no_message_is_put_together_where_it_is_marked() -> None:
    """What is chosen or glued inside the call is no message that a catalogue could have."""
    glued = [
        f"{file}:{call.lineno}"
        for file in sorted(Path(translations.ROOT, "webapp").rglob("*.py"))
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in _MARKS
        and call.args
        and not isinstance(call.args[0], _FOUND)
    ]
    assert glued == []
