"""The identity that a host keeps of the desk it works for, beside the database: a file in VAR_DIR, or a setting."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from webapp.private_files import private_folder, private_text

NAME = "instance.json"


@dataclass(frozen=True, slots=True)
class IdentityFile:
    """What this host keeps. `given` is INSTANCE_ID, for hosts that share no folder; it wins over the file."""

    folder: Path
    given: str = ""

    def read(self) -> str:
        """The identity; empty when this host has none."""
        if self.given:
            return self.given
        try:
            found = json.loads((self.folder / NAME).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return ""
        return str(found.get("id") or "") if isinstance(found, dict) else ""

    def write(self, identity: str) -> None:
        """Keep it from now on: whole or not at all. What the setting says needs no file."""
        if self.given:
            return
        part = private_folder(self.folder) / f".{NAME}.{os.getpid()}.part"
        with private_text(part) as file:
            json.dump({"id": identity}, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.folder / NAME)
