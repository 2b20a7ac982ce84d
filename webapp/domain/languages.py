"""The languages that people read the desk in."""

ENGLISH = "en"
LANGUAGES = {ENGLISH: "English", "fr": "Français", "sw": "Kiswahili", "pt": "Português"}
"""By code (ISO 639-1), each in its own word. All but English have a catalogue in `translations/`."""
AS_THE_BROWSER = ""
"""The choice of who leaves it to the browser."""
