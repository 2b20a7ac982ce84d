"""How many odd inputs each parser gets: a few in every run, as many as `FUZZ_EXAMPLES` says in a long one.

Those of every run are the same each time; a long run draws new ones. What a long run found stands at its test as an
`@example`.
"""

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

MANY = int(os.environ.get("FUZZ_EXAMPLES", "0"))
BLOWN_UP = 256 * 1024
"""Bytes, or signs, of an input that repeats a short one: work that grows with its square takes hours."""
IN_TIME = pytest.mark.timeout(90)
"""For such inputs: what takes less than a second on an idle machine is ended when it takes hours."""

_SIGNS = "\"\\'[]{}<>():;,.=&%#?/@+-_ \t\r\n\x00\x7f\x85\u2028\ufeff\u00e9\u0663\U0001f4b0019aZ"
TEXTS = st.text(max_size=40) | st.text(_SIGNS, max_size=60)
"""Any text, and texts of signs that mean something to a parser; no halves of characters, which no header can hold."""


def fuzzed(examples: int) -> settings:
    """So many examples in every run; with FUZZ_EXAMPLES that many, other ones each time."""
    return settings(
        max_examples=MANY or examples,
        deadline=None,
        derandomize=not MANY,
        database=None,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


def repeated(parts: st.SearchStrategy[Any], size: int = BLOWN_UP) -> st.SearchStrategy[Any]:
    """A short input again and again, up to this size."""
    return parts.filter(bool).map(lambda part: part * (size // len(part)))


def raises_only(allowed: type[Exception], read: Callable[..., Any], *given: Any) -> Any:
    """What `read` answers, or None when it refuses in words; any other error is the test's."""
    try:
        return read(*given)
    except allowed as refused:
        sentence = str(refused)
    assert sentence, "it refuses without a word"
    return None
