"""Which references look alike."""

import pytest

from webapp.domain.confusables import difference, skeleton


@pytest.mark.parametrize(
    "odd",
    [
        "\N{CYRILLIC CAPITAL LETTER BYELORUSSIAN-UKRAINIAN I}M-1",
        "\N{GREEK CAPITAL LETTER IOTA}M-1",
        "lm-1",
        "IM-l",
        "\N{LATIN SMALL LETTER DOTLESS I}m-1",
        "I\N{CYRILLIC CAPITAL LETTER EM}-1",
    ],
)
def test_letters_of_other_scripts_look_like_latin_ones_also_where_those_look_like_digits(odd: str) -> None:
    assert skeleton(odd) == skeleton("IM-1")


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("IM-1", "im-1", "they differ in upper and lower case only"),
        ("IM-l", "IM-1", "they differ in signs that look alike"),
        ("IМ-1", "IM-1", "it has the sign CYRILLIC CAPITAL LETTER EM"),
        ("AIМ-1", "AIM-1", "it has the sign CYRILLIC CAPITAL LETTER EM"),
        ("IM-1", "IМ-1", "they differ in signs that look alike"),
        ("I\ue000M-1", "IM-1", "it has the sign U+E000"),
        ("AB", "AΒ", "they differ in signs that look alike"),
        ("abA", "aAbB", "they differ in signs that look alike"),
    ],
)
def test_what_tells_them_apart_is_said(one: str, other: str, said: str) -> None:
    assert difference(one, other) == said


def test_what_can_not_be_seen_and_what_is_another_form_make_no_difference() -> None:
    assert (
        skeleton("I\N{ZERO WIDTH SPACE}M-1") == skeleton("\N{FULLWIDTH LATIN CAPITAL LETTER I}M-1") == skeleton("IM-1")
    )
    assert skeleton("STRASSE") != skeleton("Gasse")
