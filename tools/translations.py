"""The catalogues of the desk's languages: brings `translations/` up to what the code says, and tells what lacks words.

    python tools/translations.py

New messages come in without a translation, and those that nothing says any more go. Exits 1 while anything is missing.
"""

import ast
import re
import sys
from collections.abc import Iterator
from enum import StrEnum
from io import BytesIO
from pathlib import Path

from babel.core import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po, write_po

from webapp import db_failures, errors
from webapp.domain import states
from webapp.domain.alert_definitions import FACTS
from webapp.domain.languages import ENGLISH, LANGUAGES
from webapp.domain.payouts.payout_accounts import CURRENCIES
from webapp.domain.state_labels import in_words
from webapp.jobs import registry
from webapp.services.alerts.registry import rules
from webapp.services.common.catalogues import catalogue_of
from webapp.services.escrows.release_refusals import NO_WALLET
from webapp.services.notifications.messages import money_templates, subscription_templates, templates
from webapp.services.notifications.messages.templates import CLOSING, GREETING, Text

ROOT = Path(__file__).resolve().parent.parent
OTHERS = [language for language in LANGUAGES if language != ENGLISH]
_METHODS = {"webapp": "python", "templates": "jinja2"}
_READ_BY_PEOPLE = ("domain", "jobs", "security", "services")
_KEYWORDS = {
    "_": None,
    "_l": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "phrase": None,
    "message": None,
    "by_id": (4,),
    "by_ref": (4,),
    "require_version": (3,),
}
_PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%|%[sd]|\{\w*\}")
_HEADER = """# Escrow Desk in {name}. Write here; `make translations` brings new messages and says what is missing.
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural}\\n"

"""


def messages() -> Catalog:
    """Every message that the code and the templates say, without translation."""
    found = Catalog()
    for folder, method in _METHODS.items():
        for _file, _line, message, _comments, _context in extract_from_dir(
            ROOT / folder, [("**", method)], keywords=_KEYWORDS
        ):
            found.add(message)
    for thing in _counted():
        found.add(thing)
    for word in _stored():
        found.add(in_words(word).message)
    for sentence in (*_declared(), *_letters()):
        found.add(sentence)
    return found


def _counted() -> Iterator[tuple[str, str]]:
    """What `counted` counts: singular and plural."""
    for file in sorted(file for layer in _READ_BY_PEOPLE for file in (ROOT / "webapp" / layer).rglob("*.py")):
        for call in ast.walk(ast.parse(file.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "counted":
                words: list[str] = [
                    each.value
                    for each in call.args[1:]
                    if isinstance(each, ast.Constant) and isinstance(each.value, str)
                ]
                if words:
                    one, *more = words
                    yield f"%(num)s {one}", f"%(num)s {more[0] if more else one + 's'}"


def _stored() -> Iterator[str]:
    """Words of rows that pages say by `in_words`: states, kinds and causes, and alert rules by their names."""
    for each in vars(states).values():
        if isinstance(each, type) and issubclass(each, StrEnum):
            yield from each
    yield from {*rules(), *FACTS}
    yield from CURRENCIES
    yield NO_WALLET


def _declared() -> Iterator[str]:
    """What jobs do and alert rules ask, as their functions say it, and what is said where `domain` is not known."""
    yield from (each.title for each in vars(errors).values() if isinstance(each, type) and hasattr(each, "title"))
    yield from (each.sentence for each in vars(db_failures).values() if isinstance(each, db_failures.DatabaseFailure))
    yield from (text for spec in registry().values() for text in (spec.title, spec.description))
    yield from (rule.says for rule in rules().values())


def _letters() -> Iterator[str]:
    """The sentences of what is written to people, by the tables of them."""
    yield from Text("", GREETING, CLOSING).sentences()
    for table in (templates.TEXTS, money_templates.TEXTS, subscription_templates.TEXTS):
        for text in table.values():
            yield from text.sentences()


def written(language: str) -> Catalog:
    """A language's catalogue as it is; empty where there is none yet."""
    file = catalogue_of(language)
    if not file.exists():
        return Catalog(locale=language)
    with file.open("rb") as source:
        return read_po(source, locale=language)


def faults(catalogue: Catalog, said: Catalog) -> Iterator[str]:
    """What is wrong with a catalogue: missing, left over, or with other placeholders than the message."""
    ours = {message.id: message for message in catalogue if message.id}
    wanted = {message.id for message in said if message.id}
    for message_id in wanted:
        given = _forms(ours[message_id], catalogue.num_plurals) if message_id in ours else []
        if not given:
            yield f"no translation: {message_id!r}"
        elif _placeholders(given) - {"%(num)s"} != _placeholders(message_id) - {"%(num)s"}:
            yield f"other placeholders: {message_id!r} is {ours[message_id].string!r}"
    yield from (f"nothing says it any more: {message_id!r}" for message_id in ours if message_id not in wanted)


def keep(catalogue: Catalog, language: str) -> None:
    """Write a catalogue, in an order that no change of a file's name disturbs."""
    text = BytesIO()
    write_po(text, catalogue, omit_header=True, no_location=True, sort_output=True, width=0, ignore_obsolete=True)
    name = Locale.parse(language).english_name
    header = _HEADER.format(name=name, language=language, plural=get_plural(language).plural_forms)
    file = catalogue_of(language)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(header + text.getvalue().decode().lstrip())


def _forms(message: Message, plurals: int) -> list[str]:
    """What a message is in this language, in one form or several; nothing unless all of it is there."""
    given = message.string
    forms = [given] if isinstance(given, str) else list(given or ())
    is_whole = all(forms) and len(forms) == (1 if isinstance(given, str) else plurals)
    return forms if is_whole and not message.fuzzy else []


def _placeholders(text: str | tuple[str, ...] | list[str]) -> set[str]:
    """Those of all forms together: a singular may leave its number out."""
    return set(_PLACEHOLDER.findall(text if isinstance(text, str) else " ".join(text)))


def main() -> int:
    """Bring each language up to date, and say what it lacks."""
    said, lacking = messages(), 0
    for language in OTHERS:
        catalogue = written(language)
        catalogue.update(said, no_fuzzy_matching=True)
        keep(catalogue, language)
        found = sorted(faults(written(language), said))
        lacking += len(found)
        print(f"{language}: {len(said)} messages, {len(found)} to look at")
        for fault in found[:20]:
            print(f"  {fault}")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
