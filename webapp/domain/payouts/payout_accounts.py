"""Which accounts a provider pays out to: kinds, their currencies, and what each kind needs. Pure rules.

Paystack's words: bank accounts in Nigeria, Ghana, South Africa and Kenya, mobile wallets, M-PESA's Paybill and Till.
"""

import re
from collections.abc import Mapping

from webapp.domain.words import phrase

CURRENCIES: Mapping[str, tuple[str, ...]] = {
    "nuban": ("NGN",),
    "ghipss": ("GHS",),
    "basa": ("ZAR",),
    "kepss": ("KES",),
    "mobile_money": ("GHS", "KES"),
    "mobile_money_business": ("KES",),
}
"""Every kind of account, and the currencies that it can be paid in."""
KINDS = tuple(CURRENCIES)
REFERRING = "mobile_money_business"
"""The kind whose number is a business's: an account reference says whose money it is there."""
_NUMBER = re.compile(r"[0-9A-Za-z]{4,34}")
_NUBAN = re.compile(r"[0-9]{10}")
_REFERENCE = re.compile(r"[0-9A-Za-z._/-]{1,40}")


def plain_number(number: str) -> str:
    """An account's number without the spaces and hyphens that people write."""
    return number.replace(" ", "").replace("-", "")


def problems(kind: str, currency: str, number: str, reference: str) -> dict[str, str]:
    """What is wrong with an account, by field: sentences for whoever enters it."""
    if kind not in CURRENCIES:
        return {"kind": phrase("One of %(known)s.", known=", ".join(KINDS))}
    found = {
        "currency": _currency(kind, currency),
        "account_number": _number(kind, number),
        "account_reference": _reference(kind, reference),
    }
    return {field: problem for field, problem in found.items() if problem}


def _currency(kind: str, currency: str) -> str:
    known = CURRENCIES[kind]
    if currency in known:
        return ""
    fitting = [each for each, some in CURRENCIES.items() if currency in some]
    if not fitting:
        payable = sorted({each for some in CURRENCIES.values() for each in some})
        return phrase(
            "Nothing is paid out in %(currency)s: only in %(payable)s.", currency=currency, payable=", ".join(payable)
        )
    return phrase(
        "An account of the kind %(kind)s is paid in %(currencies)s; %(currency)s goes to %(kinds)s.",
        kind=kind,
        currencies=" or ".join(known),
        currency=currency,
        kinds=" or ".join(fitting),
    )


def _number(kind: str, number: str) -> str:
    if kind == "nuban":
        return "" if _NUBAN.fullmatch(number) else phrase("A Nigerian account number (NUBAN) has ten digits.")
    return "" if _NUMBER.fullmatch(number) else phrase("An account number has 4 to 34 letters and digits.")


def _reference(kind: str, reference: str) -> str:
    if kind != REFERRING:
        return phrase("Only a Paybill or Till number has one: leave it empty.") if reference else ""
    if not reference:
        return phrase("A Paybill or Till number needs the account reference that the money is booked to there.")
    return (
        ""
        if _REFERENCE.fullmatch(reference)
        else phrase("An account reference has up to 40 letters, digits and . _ / -")
    )
