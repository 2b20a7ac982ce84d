"""States as sentences say them."""

import pytest

from webapp.domain.state_labels import in_words


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("needs_review", "in review"),
        ("awaiting_payment", "awaiting payment"),
        ("held", "held"),
        ("sending", "being sent"),
    ],
)
def test_a_state_is_said_in_words(status: str, said: str) -> None:
    assert in_words(status) == said
