"""Sentences in English that another language can be made of."""

import json
from typing import Any

from webapp.domain.numbers import counted
from webapp.domain.state_labels import in_words
from webapp.domain.words import phrase, spoken


class French:
    """A few words of French."""

    def gettext(self, message: str) -> str:
        return {"Escrow %(ref)s is %(state)s: %(what)s wait.": "%(what)s : %(ref)s %(state)s", "held": "détenu"}.get(
            message, message
        )

    def ngettext(self, one: str, many: str, number: int) -> str:
        return {"%(num)s item": "%(num)s élément"}[one] + ("s" if number > 1 else "")

    def shown(self, value: Any) -> Any:
        return value


def test_a_sentence_is_english_and_is_spoken_by_its_parts() -> None:
    made = phrase(
        "Escrow %(ref)s is %(state)s: %(what)s wait.", ref="E-1", state=in_words("held"), what=counted(2, "item")
    )
    assert made == "Escrow E-1 is held: 2 items wait."
    assert spoken(made, French()) == "2 éléments : E-1 détenu"


def test_what_is_no_sentence_stays() -> None:
    assert spoken("held", French()) == "held"
    assert spoken(None, French()) is None


def test_a_percent_without_values_is_one() -> None:
    assert phrase("100 % of it.") == "100 % of it."
    assert spoken(phrase("100 % of it."), French()) == "100 % of it."


def test_records_and_machines_get_a_text() -> None:
    assert (
        json.dumps({"why": phrase("It is %(state)s.", state=in_words("pending_payment"))})
        == '{"why": "It is awaiting payment."}'
    )
