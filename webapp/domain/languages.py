"""The languages that people read the desk in, and those that there are."""

from functools import cache

from babel import Locale

ENGLISH = "en"
LANGUAGES = {ENGLISH: "English", "fr": "Français", "sw": "Kiswahili", "pt": "Português"}
"""By code (ISO 639-1), each in its own word. All but English have a catalogue in `translations/`."""
AS_THE_BROWSER = ""
"""The choice of who leaves it to the browser."""


@cache
def known_languages() -> dict[str, str]:
    """Every language with a code of ISO 639-1, by it, in English."""
    names = {str(code): str(name) for code, name in Locale(ENGLISH).languages.items()}
    return {code: name for code, name in sorted(names.items(), key=lambda each: each[1]) if len(code) == 2}
