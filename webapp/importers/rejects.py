"""The file of rejected lines: number and reason, then the line as it was."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from webapp.importers.csv_records import lines


def write_rejects(file: Path, problems: Iterator[tuple[int, str]], where: Path | None = None) -> Path:
    """Write `FILE.rejects.csv` beside the file, or `where` it is wanted; returns where it is."""
    rejects = where or file.with_name(file.name.removesuffix(".csv") + ".rejects.csv")
    wanted = next(problems, None)
    with file.open("rb") as stream, rejects.open("w", encoding="utf-8", newline="") as out:
        found = lines(stream)
        out.write(f"line,reason,{next(found)[1]}\n")
        for number, text, _ in found:
            if wanted and number == wanted[0]:
                out.write(f"{_quoted(*wanted)},{text}\n")
                wanted = next(problems, None)
    return rejects


def _quoted(number: int, reason: str) -> str:
    cells = io.StringIO()
    csv.writer(cells, lineterminator="").writerow([number, reason])
    return cells.getvalue()
