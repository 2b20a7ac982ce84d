"""What the handbook tells operators to copy, taken from its pages as it stands there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_DOCS = ROOT / "docs"
_FIRST = ""
_taken: set[tuple[str, str]] = set()
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def acl(password: str) -> list[str]:
    """The line that gives the desk its user in Redis, as the words of a command."""
    [line] = re.findall(r"^(ACL SETUSER .+)$", (_DOCS / "handbook.md").read_text(), re.MULTILINE)
    return str(line).replace("PASSWORD", password).split()


def blocks(heading: str, language: str) -> list[str]:
    """The blocks of a language under a heading of production.md, in their order; "" is the part before the first.

    Raises KeyError when there is none.
    """
    for section in re.split(r"^## ", (_DOCS / "production.md").read_text(), flags=re.MULTILINE):
        title = section.partition("\n")[0] if not section.startswith("# ") else _FIRST
        found = [text for kind, text in _BLOCK.findall(section) if kind == language]
        if title == heading and found:
            _taken.add((heading, language))
            return found
    raise KeyError(f"{heading}: {language}")


def untried() -> list[str]:
    """Headings and languages of the blocks of production.md that nothing has asked for yet in this process."""
    there = {
        (_FIRST if section.startswith("# ") else section.partition("\n")[0], kind)
        for section in re.split(r"^## ", (_DOCS / "production.md").read_text(), flags=re.MULTILINE)
        for kind, _ in _BLOCK.findall(section)
    }
    return [f"{heading} ({language})" for heading, language in sorted(there - _taken)]


def variables(heading: str) -> dict[str, str]:
    """The settings in the first block of them under a heading."""
    lines = blocks(heading, "env")[0].splitlines()
    return dict(line.split("=", 1) for line in lines)


def replaced(text: str, places: dict[str, str]) -> str:
    """The text with each of these replaced. Raises KeyError for one that is not in it: the page has changed."""
    for there, here in places.items():
        if there not in text:
            raise KeyError(f"{there!r} does not stand in: {text}")
        text = text.replace(there, here)
    return text


def steps(page: str, heading: str) -> list[tuple[str, str]]:
    """The blocks under a heading of a page, in their order, each with its language. Raises KeyError without any."""
    for section in re.split(r"^## ", (_DOCS / page).read_text(), flags=re.MULTILINE)[1:]:
        found = _BLOCK.findall(section)
        if section.partition("\n")[0] == heading and found:
            return [(str(language), str(text)) for language, text in found]
    raise KeyError(f"{page}: {heading}")
