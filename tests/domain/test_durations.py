"""Lengths of time in words."""

import pytest

from webapp.domain.durations import in_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 ms"),
        (0.85, "850 ms"),
        (0.9994, "999 ms"),
        (1, "1.0 s"),
        (12.4, "12.4 s"),
        (59.94, "59.9 s"),
        (60, "1 min 0 s"),
        (200.4, "3 min 20 s"),
        (3_599, "59 min 59 s"),
        (3_600, "1 h 0 min"),
        (7_500, "2 h 5 min"),
        (100_000, "27 h 46 min"),
    ],
)
def test_a_length_of_time_has_the_two_units_that_matter(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
