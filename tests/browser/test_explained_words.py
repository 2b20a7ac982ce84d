"""An odd word tells what it means by pointer, by keyboard and by touch, without a script."""

from collections.abc import Callable
from typing import Any

import pytest

Someone = Callable[..., Any]
pytestmark = pytest.mark.browser
MEANING = "What makes an escrow due"


def test_a_word_is_explained_by_pointer_by_keyboard_and_by_touch(someone: Someone) -> None:
    page = someone("viewer", java_script_enabled=False, has_touch=True)
    page.goto("/escrows/")
    word, says = page.locator("th .term", has_text="Policy"), page.locator(".term-says", has_text=MEANING)
    assert not says.is_visible()
    word.hover()
    assert says.is_visible()
    page.mouse.move(0, 0)
    assert not says.is_visible()
    word.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert says.is_visible()
    word.tap()
    page.wait_for_url("**/glossary/#policy")
    assert MEANING in page.locator("dt#policy + dd").inner_text()


def test_escape_puts_the_meaning_away_until_the_word_is_left(someone: Someone) -> None:
    page = someone("viewer")
    page.goto("/escrows/")
    word, says = page.locator("th .term", has_text="Policy"), page.locator(".term-says", has_text=MEANING)
    word.focus()
    assert says.is_visible()
    page.keyboard.press("Escape")
    assert not says.is_visible()
    word.blur()
    word.focus()
    assert says.is_visible()


def test_on_a_phone_the_words_of_a_list_stay_within_reach_and_on_the_screen(someone: Someone) -> None:
    page = someone("viewer", viewport={"width": 390, "height": 844})
    page.goto("/escrows/")
    page.locator("th .term", has_text="Policy").focus()
    box = page.locator(".term-says", has_text=MEANING).bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
