"""The fonts of a report's PDF: FiraGO, which has the letters of Arabic and the signs of currencies."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from pymupdf_fonts import myfont

REGULAR, BOLD = "figo", "figbo"
"""What their package calls them."""


@cache
def font_file(name: str) -> Path:
    """A font as a file, which is what fpdf2 reads: written once in a process, gone with it."""
    folder = Path(tempfile.mkdtemp(prefix="desk-font-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / f"{name}.ttf"
    file.write_bytes(myfont(name))
    return file
