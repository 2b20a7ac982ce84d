"""Sentences of the desk that rows keep, in their reader's language: found again by the message that made them.

A row, the audit trail and a message to a machine are English (decision 0055), and what a run, an alert or a payment
says of itself is read there long after it was made. What no message made, such as what a person wrote, stays.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from babel.messages.pofile import read_po

from webapp.domain.languages import ENGLISH, LANGUAGES
from webapp.domain.money.amounts import parse_amount
from webapp.domain.money.money import Money
from webapp.domain.words import Sentence, count, joined, phrase
from webapp.project_folders import TRANSLATIONS

_PLACEHOLDER = re.compile(r"%\((\w+)\)s")
_NEXT_SENTENCE = re.compile(r"(?<=[.!?:]) (?=[A-Z“])")
_COUNTED = re.compile(r"([0-9][0-9,]*) (\D+)")
_MONEY = re.compile(r"([A-Z]{3}) ([0-9][0-9,]*(?:\.[0-9]+)?)")
_LETTERS = 7
"""A message with fewer of its own says too little to be known again among what people write."""
_OF_ONE_WORD = ("status", "state", "kind", "in_words")
_DEEPEST = 3


@dataclass(frozen=True, slots=True)
class _Made:
    """A message with values: how what it made is known again."""

    message: str
    part: str
    """The longest of its own words, which is looked for first."""
    pattern: re.Pattern[str]


@lru_cache(maxsize=4096)
def recognised(text: str) -> str:
    """A sentence with its message and values where one of the desk's made it; else the text as it is."""
    return _recognised(text, 0) or text


def _recognised(text: str, depth: int) -> Sentence | None:
    known, made, counted = _messages()
    if text in known:
        return phrase(text)
    if depth > _DEEPEST:
        return None
    if number := _COUNTED.fullmatch(text):
        things = counted.get(number[2])
        return count(int(number[1].replace(",", "")), *things) if things else None
    for each in made:
        if each.part in text and (found := each.pattern.fullmatch(text)):
            return phrase(
                each.message, **{name: _value(name, value, depth) for name, value in found.groupdict().items()}
            )
    parts = _NEXT_SENTENCE.split(text)
    if len(parts) > 1:
        several = [_recognised(part, depth + 1) for part in parts]
        if any(several):
            return joined(*(one or part for one, part in zip(several, parts, strict=True)))
    return None


def _value(name: str, value: str, depth: int) -> str | Money:
    """What stood in a message: a sentence once more, a word where a state stands, or money."""
    if money := _MONEY.fullmatch(value):
        return _money(money[1], money[2]) or value
    if name not in _OF_ONE_WORD and " " not in value:
        return value
    return _recognised(value, depth + 1) or value


def _money(currency: str, amount: str) -> Money | None:
    try:
        minor = parse_amount(amount.removeprefix("-"), currency)
        return Money(-minor if amount.startswith("-") else minor, currency)
    except ValueError:
        return None


@cache
def _messages() -> tuple[frozenset[str], list[_Made], dict[str, tuple[str, str]]]:
    """Messages without values; those with some, the most telling first; what is counted, by its singular and plural."""
    plain: set[str] = set()
    made: list[_Made] = []
    counted: dict[str, tuple[str, str]] = {}
    for message in _ids():
        if isinstance(message, tuple):
            one, many = (each.removeprefix("%(num)s ") for each in message)
            counted[one] = counted[many] = (one, many)
        elif "%(" not in message:
            plain.add(message)
        elif sum(map(str.isalpha, _PLACEHOLDER.sub("", message))) >= _LETTERS:
            made.append(_of(message))
    made.sort(key=lambda each: -len(_PLACEHOLDER.sub("", each.message)))
    return frozenset(plain), made, counted


def _ids() -> Iterator[str | tuple[str, str]]:
    """What any catalogue translates: all have the same messages."""
    language = next(each for each in LANGUAGES if each != ENGLISH)
    with (TRANSLATIONS / language / "LC_MESSAGES" / "messages.po").open("rb") as written:
        for message in read_po(written):
            if isinstance(message.id, tuple):
                yield message.id[0], message.id[1]
            elif isinstance(message.id, str) and message.id:
                yield message.id


def _of(message: str) -> _Made:
    parts = _PLACEHOLDER.split(message)
    own, names = [each.replace("%%", "%") for each in parts[::2]], parts[1::2]
    pattern, seen = re.escape(own[0]), set[str]()
    for name, after in zip(names, own[1:], strict=True):
        pattern += (f"(?P={name})" if name in seen else f"(?P<{name}>.+?)") + re.escape(after)
        seen.add(name)
    return _Made(message, max(own, key=len), re.compile(pattern, re.DOTALL))
