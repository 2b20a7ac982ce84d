"""Providers' codes, said as people read them."""

import pytest

from webapp.domain.providers.provider_messages import NO_REASON, clause, event, is_code, reason, sentence


@pytest.mark.parametrize(("word", "said"), [
    ("completed-mpgs", "it is done, through the card gateway"),
    ("Needs-Attention", "somebody has to see to it there"),
    ("Insufficient funds.", "Insufficient funds"),
    ("No account at BANK X.", "No account at BANK X"),
    ("pending-xyz", "“pending-xyz”"),
])  # fmt: skip
def test_a_code_is_said_in_words_and_a_sentence_stays(word: str, said: str) -> None:
    assert clause(word) == said


@pytest.mark.parametrize(("word", "said"), [
    ("reversed", NO_REASON),
    ("failed", NO_REASON),
    ("", NO_REASON),
    ("blocked", "it was blocked"),
    ("Account closed.", "Account closed"),
])  # fmt: skip
def test_a_word_that_only_says_that_it_failed_is_no_reason(word: str, said: str) -> None:
    assert reason(word) == said


def test_a_code_is_no_text_that_people_read() -> None:
    assert sentence("completed-mpgs") == "Its provider says that it is done, through the card gateway."
    assert sentence("merchant-accepted") == "Its provider says that we accepted it."
    assert sentence(None) == ""
    assert is_code(" Failed ")
    assert not is_code("The payer closed the page.")


@pytest.mark.parametrize(("name", "said"), [
    ("charge.dispute.resolve", "the dispute of the payer's bank is decided"),
    ("customer.created", "“customer.created”"),
])  # fmt: skip
def test_what_a_webhook_told_is_said_in_words(name: str, said: str) -> None:
    assert event(name) == said
