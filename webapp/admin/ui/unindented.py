"""Templates without their indentation: it is for who reads them, and was a tenth of each page."""

import re

from jinja2.ext import Extension

_INDENTATION = re.compile(r"([%#]\})?\n[ \t]+")


class Unindented(Extension):
    """Takes the indentation out of a template's own text before it is compiled; what it shows stays as it is."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """The source with each line begun at its first character."""
        return _INDENTATION.sub(_begun, source)


def _begun(found: re.Match[str]) -> str:
    # After a block the line's end is left out (`trim_blocks`): there the indentation is what keeps two words apart.
    return f"{found[1]}\n " if found[1] else "\n"
