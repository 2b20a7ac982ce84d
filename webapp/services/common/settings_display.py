"""The settings as people may see them: secrets masked, amounts in major units."""

from typing import Any

from sqlalchemy.exc import ArgumentError

from webapp.database_address import parsed
from webapp.domain.money.money import major_text
from webapp.providers import catalogue
from webapp.settings import Settings

_SECRET = ("key", "_token", "secret", "password", "notify_urls", "alert_urls", "heartbeat_url")
_NOT_SECRET = ("flutterwave_token_url", "password_sign_in")
_MONEY = ("approval_limits", "auto_deduct_minimum_balance")


def masked(found: Settings) -> dict[str, Any]:
    """Every setting under its variable's name, those of the providers' packages too."""
    values = found.model_dump(mode="json") | {"database_url": found.database_address, "redis_url": found.redis_address}
    for each in catalogue.every():
        values |= each.settings().model_dump(mode="json") if each.settings else {}
    return {"DESK_ENV" if name == "env" else name.upper(): _shown(name, value) for name, value in values.items()}


def _shown(name: str, value: Any) -> Any:
    if name not in _NOT_SECRET and any(word in name for word in _SECRET):
        return "***" if value else ""
    if name in _MONEY:
        return ",".join(
            f"{currency}={major_text(amount, currency, grouped=False)}" for currency, amount in value.items()
        )
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
