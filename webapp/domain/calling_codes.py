"""Telephone numbers as people type them into a search: in any grouping, with or without the code of their country."""

CALLING_CODES = ("234", "254", "250", "256", "255", "233", "27", "63", "1", "44", "33", "32", "41", "351", "971", "91")
"""Of the countries whose people are on the marketplaces: a number without a code may be from any of them."""
_SHORTEST, _LONGEST = 5, 15
_SEPARATORS = str.maketrans("", "", " -().\u00a0/")


def written_numbers(text: str) -> list[str]:
    """How a number that begins with these digits may be written where it is kept: `+` and digits, or as it is typed.

    `0803 123` may be the beginning of `0803123…`, `+234803123…` or the like of another country. Empty where the text is
    no part of a telephone number.
    """
    typed = text.strip().translate(_SEPARATORS)
    international = typed.startswith(("+", "00"))
    digits = typed.removeprefix("+").removeprefix("00" if international else "")
    if not (digits.isascii() and digits.isdigit() and _SHORTEST <= len(digits) <= _LONGEST):
        return []
    if international:
        return [f"+{digits}", digits]
    own = digits.removeprefix("0")
    with_code = [f"+{digits}"] if own == digits and digits.startswith(CALLING_CODES) else []
    return [*with_code, digits, *[f"+{code}{own}" for code in CALLING_CODES]]
