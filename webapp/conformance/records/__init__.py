"""Recorded answers, one file for each provider: each with its source, and with what a reader has to conclude."""

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def of(provider: str) -> dict[str, Any]:
    """Everything that is recorded of a provider."""
    found: dict[str, Any] = json.loads(files(__name__).joinpath(f"{provider}.json").read_text("utf-8"))
    return found
