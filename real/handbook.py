"""What the handbook tells operators to copy, taken from its pages as it stands there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_PAGE = ROOT / "docs" / "handbook.md"


def acl(password: str) -> list[str]:
    """The line that gives the desk its user in Redis, as the words of a command."""
    [line] = re.findall(r"^(ACL SETUSER .+)$", _PAGE.read_text(), re.MULTILINE)
    return str(line).replace("PASSWORD", password).split()
