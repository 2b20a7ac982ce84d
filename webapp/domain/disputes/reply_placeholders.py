"""The placeholders of canned replies, such as `{party}`: which there are, and what a text is with them filled in."""

import re
from collections.abc import Mapping

from webapp.domain.words import phrase

PLACEHOLDERS = {
    "party": phrase("the name of who is written to"),
    "reference": phrase("the dispute's reference"),
    "order": phrase("the order's reference"),
    "amount": phrase("the amount that is held"),
    "deadline": phrase("the deadline of the case, on the party's clock"),
    "marketplace": phrase("the name of the marketplace"),
}
"""What each stands for."""
_PLACEHOLDER = re.compile(r"\{([^{}\n]*)\}")


def unknown(body: str) -> list[str]:
    """What stands in braces and is no placeholder, as it is written there."""
    return list(dict.fromkeys(name for name in _PLACEHOLDER.findall(body) if name not in PLACEHOLDERS))


def unfilled(body: str) -> list[str]:
    """The placeholders that a text still has."""
    return list(dict.fromkeys(name for name in _PLACEHOLDER.findall(body) if name in PLACEHOLDERS))


def fill(body: str, values: Mapping[str, str]) -> str:
    """The text with each placeholder that has a value replaced by it; the others stay for a person to see."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1]) or found[0], body)
