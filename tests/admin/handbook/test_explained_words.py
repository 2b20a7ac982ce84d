"""Odd words explained where they stand: from the glossary, once on a page, without a script."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from webapp.admin.ui.help.explained import explained, places, question_mark
from webapp.admin.ui.help.glossary import TERMS
from webapp.domain.languages import LANGUAGES

SignIn = Callable[..., FlaskClient]
_WORD = re.compile(r'<a class="term[^"]*" href="/glossary/#([\w-]+)"[^>]*aria-describedby="term-\1"')
ON_PAGES = {
    "/": {"frozen", "blocked"},
    "/escrows/": {"policy", "frozen", "blocked"},
    "/disputes/?tab=all": {"dispute"},
    "/placements/": {"placement"},
    "/approvals/": {"proposal"},
    "/jobs/auto_release": {"grace", "slot"},
    "/subscriptions/": {"grace"},
    "/audit/verify": set(),
}
"""What stands as a label of a page's main part, and is odd."""


@pytest.mark.parametrize("page", ON_PAGES)
def test_each_odd_label_of_a_page_leads_once_to_what_it_means(into_demo: SignIn, page: str) -> None:
    text = into_demo("admin").get(page, follow_redirects=True).text
    words = _WORD.findall(text)
    assert ON_PAGES[page] <= set(words)
    assert len(words) == len(set(words))
    for word in words:
        meaning = re.search(rf'role="tooltip" id="term-{word}">([^<]+)<', text)
        assert meaning is not None
        assert text.count(f'id="term-{word}"') == 1


def test_a_label_that_is_no_word_of_the_glossary_stays_as_it_is(into_bare: SignIn) -> None:
    with into_bare("admin").application.test_request_context("/"):
        assert explained("Amount") == "Amount"
        assert question_mark("Amount") == ""
        assert "What makes an escrow due" in explained("Policy")
        assert (explained("Policy"), question_mark("Policy")) == ("Policy", "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_label_says_two_words_of_the_glossary_in_one_language(into_bare: SignIn, language: str) -> None:
    places.cache_clear()
    with into_bare("admin").application.test_request_context("/", headers={"Accept-Language": language}):
        found = places(language)
        for place, term in TERMS.items():
            assert {found[str(label)] for label in (term.word, *term.also)} == {place}
    places.cache_clear()
