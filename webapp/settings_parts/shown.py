"""A setting's value as people may see it: secrets masked, amounts in major units, lists as they are written."""

from typing import Any

from sqlalchemy.exc import ArgumentError

from webapp.database_address import parsed
from webapp.domain.money.money import major_text
from webapp.settings_parts import redis_address
from webapp.settings_parts.secret_files import is_secret

_MONEY = ("approval_limits", "auto_deduct_minimum_balance")


def shown(name: str, value: Any) -> Any:
    """The value of the setting of this name; nothing of a secret, and no password of an address."""
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
