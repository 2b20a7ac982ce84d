"""The settings as people may see them: secrets masked, amounts in major units."""

from typing import Any

from webapp.providers import catalogue
from webapp.settings import Settings
from webapp.settings_parts.secret_files import SettingsWithFiles
from webapp.settings_parts.shown import shown


def masked(found: Settings) -> dict[str, Any]:
    """Every setting under its variable's name, those of the providers' packages too.

    Of one that stands in a file only that, and in which file, under `NAME_FILE`.
    """
    values = _masked(found, {"database_url": found.database_address, "redis_url": found.redis_address})
    for each in catalogue.every():
        values |= _masked(each.settings(), {}) if each.settings else {}
    return values


def _masked(found: SettingsWithFiles, addresses: dict[str, str]) -> dict[str, Any]:
    values = {}
    for name, value in (found.model_dump(mode="json") | addresses).items():
        file = found.secret_files.get(name)
        values["DESK_ENV" if name == "env" else name.upper()] = "***" if file else shown(name, value)
        if file:
            values[f"{name.upper()}_FILE"] = file
    return values
