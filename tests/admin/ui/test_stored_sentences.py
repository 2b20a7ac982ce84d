"""What a row keeps in English is read in the reader's language, and what people wrote stays as they wrote it."""

import pytest
from flask import Flask
from flask_babel import force_locale

from webapp.admin.ui.formatting import file_size, of_the_desk, whole, with_local_times
from webapp.domain.money.money import Money
from webapp.domain.state_labels import in_words
from webapp.domain.words import joined, phrase


@pytest.mark.parametrize(
    ("kept", "read"),
    [
        ("Dispute D-7 is open.", "Le litige D-7 est ouvert."),
        ("It was never paid. Call the payer.", "It was never paid. Call the payer."),
        (
            "Payment pay-1: The provider does not know this reference yet.",
            "Paiement pay-1\xa0: Le prestataire ne connaît",
        ),
        ("3 of 12 items failed.", "3 sur 12 éléments ont échoué."),
        ("It is awaiting payment already.", "Déjà à l'état «\xa0attend le paiement\xa0»."),
    ],
)
def test_a_kept_sentence_is_read_in_french(app: Flask, kept: str, read: str) -> None:
    with app.test_request_context(), force_locale("fr"):
        assert of_the_desk(kept).startswith(read)
    with app.test_request_context(), force_locale("en"):
        assert of_the_desk(kept) == kept


def test_a_kept_sentence_inside_a_new_one_is_read_too(app: Flask) -> None:
    made = joined(phrase("Given again: %(reason)s", reason="Dispute D-7 is open."), phrase("It is frozen."))
    with app.test_request_context(), force_locale("fr"):
        assert with_local_times(made) == "Reversé\xa0: Le litige D-7 est ouvert. Il est gelé."


def test_figures_in_sentences_are_written_as_the_language_does(app: Flask) -> None:
    made = phrase("%(amount)s went back to the payer.", amount=Money(123_450, "EUR"))
    with app.test_request_context(), force_locale("pt"):
        assert of_the_desk(made) == "EUR\xa01.234,50 voltaram ao pagador."
        assert file_size(140) == "140 bytes"
    with app.test_request_context(), force_locale("fr"):
        assert file_size(1_500_000) == "1,5 Mo"


def test_a_part_of_a_sentence_stands_alone(app: Flask) -> None:
    with app.test_request_context(), force_locale("fr"):
        assert whole(phrase("the parties agreed")) == "Les parties se sont entendues."
        assert whole(in_words("held")) == "Détenu."
