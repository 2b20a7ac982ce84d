"""The settings as people may see them: secrets masked, amounts in major units."""

from typing import Any

from sqlalchemy.exc import ArgumentError

from webapp.database_address import parsed
from webapp.domain.money.money import major_text
from webapp.providers import catalogue
from webapp.settings import Settings
from webapp.settings_parts import redis_address
from webapp.settings_parts.secret_files import SettingsWithFiles, is_secret

_MONEY = ("approval_limits", "auto_deduct_minimum_balance")


def masked(found: Settings) -> dict[str, Any]:
    """Every setting under its variable's name, those of the providers' packages too.

    Of one that stands in a file only that, and in which file, under `NAME_FILE`.
    """
    shown = _masked(found, {"database_url": found.database_address, "redis_url": found.redis_address})
    for each in catalogue.every():
        shown |= _masked(each.settings(), {}) if each.settings else {}
    return shown


def _masked(found: SettingsWithFiles, addresses: dict[str, str]) -> dict[str, Any]:
    shown = {}
    for name, value in (found.model_dump(mode="json") | addresses).items():
        file = found.secret_files.get(name)
        shown["DESK_ENV" if name == "env" else name.upper()] = "***" if file else _shown(name, value)
        if file:
            shown[f"{name.upper()}_FILE"] = file
    return shown


def _shown(name: str, value: Any) -> Any:
    if is_secret(name):
        return "***" if value else ""
    if name in _MONEY:
        return ",".join(
            f"{currency}={major_text(amount, currency, grouped=False)}" for currency, amount in value.items()
        )
    if redis_address.is_of_sentinels(str(value)):
        return redis_address.without_password(value)
    if name.endswith("_url") and value:
        return _without_password(value)
    if isinstance(value, dict):
        return ",".join(f"{key}={meaning}" for key, meaning in value.items())
    return ",".join(value) if isinstance(value, list) else value


def _without_password(address: str) -> str:
    try:
        return parsed(address).render_as_string(hide_password=True)
    except ArgumentError:
        return "***"
