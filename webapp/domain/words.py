"""Sentences that readers can have in another language: in English for machines and records, and by their parts."""

from typing import Any, Protocol


class Catalogue(Protocol):
    """A language's words, as gettext has them."""

    def gettext(self, message: str) -> str:
        """A message in that language."""

    def ngettext(self, one: str, many: str, number: int) -> str:
        """The same of a message that depends on a number."""

    def shown(self, value: Any) -> Any:
        """A value inside a sentence as that language writes it, such as an amount of money."""


class Sentence(str):
    """A sentence in English, with the message and the values that it was made of."""

    message: str
    values: dict[str, Any]

    def spoken(self, catalogue: Catalogue) -> str:
        """It in another language, as are those of its values that are sentences."""
        if not self.message:  # which would be the catalogue's own heading
            return str(self)
        message = catalogue.gettext(self.message)
        return (
            message % {name: _value(value, catalogue) for name, value in self.values.items()}
            if self.values
            else message
        )


class Count(Sentence):
    """So many of a thing: `values` has their `number`, `message` and `many` are the thing's singular and plural."""

    many: str

    def spoken(self, catalogue: Catalogue) -> str:
        """It in another language."""
        number: int = self.values["number"]
        text = catalogue.ngettext(f"%(num)s {self.message}", f"%(num)s {self.many}", number)
        return text % {"num": f"{number:,}"}


class Joined(Sentence):
    """Several sentences, or parts of one, that follow each other: `values` has the `parts` and what stands between."""

    def spoken(self, catalogue: Catalogue) -> str:
        """Each of them in another language."""
        between: str = self.values["between"]
        return between.join(str(_value(part, catalogue)) for part in self.values["parts"])


def message(text: str) -> str:
    """A message as it is; marks one that `phrase` is given later, out of a table, for catalogues to have it."""
    return text


def phrase(message: str, **values: Any) -> Sentence:
    """A sentence: the message with its `%(name)s` filled in, by values that may be sentences themselves.

    What catalogues hold is the message, so it is written out where this is called (`make translations` finds it there).
    """
    made = Sentence(message % values if values else message)
    made.message, made.values = message, values
    return made


def count(number: int, thing: str, things: str) -> Count:
    """So many of a thing, as `domain.numbers.counted` gives it."""
    made = Count(f"{number:,} {thing if number == 1 else things}")
    made.message, made.many, made.values = thing, things, {"number": number}
    return made


def joined(*parts: Any, between: str = " ") -> Joined:
    """What follows each other, without what is empty."""
    there = tuple(part for part in parts if part not in ("", None))
    made = Joined(between.join(map(str, there)))
    made.message, made.values = "", {"parts": there, "between": between}
    return made


def sentence_of(error: Exception) -> str:
    """What an error says, with its parts where it has them: `str` of an error is a text without."""
    why = error.args[0] if error.args else ""
    return why if isinstance(why, Sentence) else str(error)


def spoken(text: Any, catalogue: Catalogue) -> Any:
    """A sentence in another language; what is none stays as it is."""
    return text.spoken(catalogue) if isinstance(text, Sentence) else text


def _value(value: Any, catalogue: Catalogue) -> Any:
    """What stands in a sentence: another one, or a figure."""
    return value.spoken(catalogue) if isinstance(value, Sentence) else catalogue.shown(value)
