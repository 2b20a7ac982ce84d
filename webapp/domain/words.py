"""Sentences that readers can have in another language: in English for machines and records, and by their parts."""

from typing import Any, Protocol


class Catalogue(Protocol):
    """A language's words, as gettext has them."""

    def gettext(self, message: str) -> str:
        """A message in that language."""

    def ngettext(self, one: str, many: str, number: int) -> str:
        """The same of a message that depends on a number."""


class Sentence(str):
    """A sentence in English, with the message and the values that it was made of."""

    message: str
    values: dict[str, Any]

    def spoken(self, catalogue: Catalogue) -> str:
        """It in another language, as are those of its values that are sentences."""
        message = catalogue.gettext(self.message)
        return (
            message % {name: spoken(value, catalogue) for name, value in self.values.items()}
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


def spoken(text: Any, catalogue: Catalogue) -> Any:
    """A sentence in another language; what is none stays as it is."""
    return text.spoken(catalogue) if isinstance(text, Sentence) else text
