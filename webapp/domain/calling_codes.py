"""Telephone numbers as people type them into a search: in any grouping, with or without the code of their country."""

from dataclasses import dataclass

CALLING_CODES = ("234", "254", "250", "256", "255", "233", "27", "63", "1", "44", "33", "32", "41", "351", "971", "91")
"""Of the countries whose people are on the marketplaces: a number without a code may be from any of them."""
SHORTEST, _LONGEST = 5, 15
_SEPARATORS = str.maketrans("", "", " -().\u00a0/")


@dataclass(frozen=True, slots=True)
class DialledNumber:
    """Digits without the country's code and without the zero before them; `code` where it was typed."""

    own: str
    code: str = ""


def written_numbers(text: str) -> list[str]:
    """How a number that begins with these digits may be written where it is kept: `+` and digits, or as it is typed.

    `0803 123` may be the beginning of `0803123…`, `+234803123…` or the like of another country. Empty where the text is
    no part of a telephone number.
    """
    is_international, digits = _digits(text)
    if not digits:
        return []
    if is_international:
        return [f"+{digits}", digits]
    own = digits.removeprefix("0")
    with_code = [f"+{digits}"] if own == digits and digits.startswith(CALLING_CODES) else []
    return [*with_code, digits, *[f"+{code}{own}" for code in CALLING_CODES]]


def dialled(text: str) -> DialledNumber | None:
    """The number, or its last digits, that was typed; None where the text is neither."""
    is_international, digits = _digits(text)
    code = next((code for code in CALLING_CODES if digits.startswith(code)), "") if is_international else ""
    own = digits.removeprefix(code).removeprefix("0")
    return DialledNumber(own, code) if len(own) >= SHORTEST else None


def _digits(text: str) -> tuple[bool, str]:
    """Whether it begins as an international number does, and what is dialled after that; nothing if it is no number."""
    typed = text.strip().translate(_SEPARATORS)
    is_international = typed.startswith(("+", "00"))
    digits = typed.removeprefix("+").removeprefix("00" if is_international else "")
    if not (digits.isascii() and digits.isdigit() and SHORTEST <= len(digits) <= _LONGEST):
        return False, ""
    return is_international, digits
