"""References that people take for one another: they differ in case only, or in letters that look alike."""

import unicodedata
from functools import lru_cache

from webapp.domain.words import phrase

_LETTERS = {
    "а": "a", "в": "b", "с": "c", "ԁ": "d", "е": "e", "һ": "h", "н": "h", "і": "l", "ј": "j", "к": "k", "м": "m",
    "о": "o", "р": "p", "ԛ": "q", "ѕ": "s", "т": "t", "у": "y", "ѵ": "v", "ԝ": "w", "х": "x", "ӏ": "l", "з": "3",
    "α": "a", "β": "b", "ε": "e", "η": "h", "ι": "l", "κ": "k", "μ": "m", "ν": "n", "ο": "o", "ρ": "p", "τ": "t",
    "υ": "y", "χ": "x", "ζ": "z", "ı": "l", "0": "o", "1": "l", "i": "l", "|": "l",
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-",
}  # fmt: skip
"""Out of Unicode's `confusables.txt` (UTS 39, revision 30): the Cyrillic and Greek letters, digits and dashes that look
like Latin ones in the fonts of our pages, lower-cased; `0` and `O`, `1`, `l` and `I` are one each."""
_TABLE = str.maketrans(_LETTERS)


def skeleton(text: str) -> str:
    """What two references have in common that look alike. Nothing else is to be done with it: it names nothing."""
    folded = text.casefold() if text.isascii() else _folded(text)
    return folded.translate(_TABLE)


def difference(one: str, other: str) -> str:
    """What tells two references apart that look alike, in words."""
    if one.casefold() == other.casefold():
        return phrase("they differ in upper and lower case only")
    odd = next((sign for sign in one if sign not in other), "")
    if odd and not odd.isascii():
        return phrase("it has the sign %(name)s", name=unicodedata.name(odd, f"U+{ord(odd):04X}"))
    return phrase("they differ in signs that look alike")


@lru_cache(maxsize=10_000)
def _folded(text: str) -> str:
    """Compatible forms, without case, and without what can't be seen (Unicode's category Cf)."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(sign for sign in plain if unicodedata.category(sign) != "Cf")
