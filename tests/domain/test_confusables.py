"""Which references look alike."""

import pytest

from webapp.domain.confusables import skeleton


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
