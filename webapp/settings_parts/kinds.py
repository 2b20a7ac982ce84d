"""Kinds of settings that are written as one text: several words, amounts per currency, the roles of groups."""

import json
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

from webapp.domain.money.amounts import parse_amount


def split_words(value: Any) -> Any:
    """`one,two` as a list."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


def _pairs(value: Any) -> Any:
    """`desk-admins=admin,finance=approver`, or a JSON object where the names have commas."""
    if not isinstance(value, str):
        return value
    if value.strip().startswith("{"):
        found = json.loads(value)
        return {str(group): str(role) for group, role in found.items()}
    parts = [pair.rpartition("=") for pair in split_words(value)]
    if not all(sign for _group, sign, _role in parts):
        raise ValueError("write pairs such as desk-admins=admin,finance=approver")
    return {group.strip(): role.strip() for group, _sign, role in parts}


def _per_currency(value: Any) -> Any:
    """`RWF=10000,NGN=250000.00` or a JSON object; major units as people write them, kept in minor units."""
    if not isinstance(value, str):
        return value
    found: dict[str, int] = {}
    for currency, amount in _amounts_of(value.strip()):
        if currency in found:
            raise ValueError(f"{currency} is there twice")
        found[currency] = parse_amount(amount, currency)
    return found


def _amounts_of(value: str) -> list[tuple[str, str]]:
    if value.startswith("{"):
        return _json_amounts(value)
    pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
    for currency, sign, _amount in pairs:
        if not sign:
            raise ValueError(
                f"{currency.strip()!r} is no pair such as NGN=250000.00; commas stand between pairs only, so an amount "
                "has a point before its decimals and no commas"
            )
    return [(currency.strip(), amount) for currency, _, amount in pairs]


def _json_amounts(value: str) -> list[tuple[str, str]]:
    """The pairs of a JSON object as they are written, doubles and all."""
    try:
        pairs = json.loads(value, parse_float=str, parse_int=str, object_pairs_hook=list)
    except (ValueError, RecursionError):
        raise ValueError('write NGN=250000.00,RWF=10000 or a JSON object such as {"NGN": "250000.00"}') from None
    if not all(isinstance(amount, str) for _currency, amount in pairs):
        raise ValueError('amounts of a JSON object are numbers or texts, such as {"NGN": "250000.00"}')
    return [(currency, amount) for currency, amount in pairs]


PerCurrency = Annotated[dict[str, int], NoDecode, BeforeValidator(_per_currency)]
Words = Annotated[list[str], NoDecode, BeforeValidator(split_words)]
RoleOfGroup = Annotated[dict[str, str], NoDecode, BeforeValidator(_pairs)]
