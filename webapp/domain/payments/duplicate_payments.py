"""Several transactions that succeeded under one reference: which is the payment, and which are paid besides. Pure.

A payment that was collected besides has no reference of ours: it is known, and asked about, as `#<provider's number>`.
"""

from collections.abc import Sequence
from dataclasses import replace

from webapp.domain.providers.provider_results import ProviderResponse, ProviderResult, ProviderStatus

_MARK = "#"


def duplicate_reference(number: str) -> str:
    """What a transaction is called that is not the payment of the reference under which it was collected."""
    return f"{_MARK}{number}"


def number_in(reference: str) -> str | None:
    """The provider's number that a payment is asked about by; None for one that is asked about by our reference."""
    return reference.removeprefix(_MARK) if reference.startswith(_MARK) else None


def separate_duplicates(
    result: ProviderResult, number: str | None, *, is_by_hand: bool
) -> tuple[ProviderResult, Sequence[ProviderResponse]]:
    """The answer about the payment itself, and the transactions that were paid besides and not given back.

    The payment is the transaction of the `number` that we count on, else the first; one that was marked paid by hand
    is none of them.
    """
    if not isinstance(result, ProviderResponse):
        return result, ()
    found = [replace(result, others=()), *result.others]
    if is_by_hand:
        return found[0], [each for each in found if _has_money(each)]
    ours = next((each for each in found if number is not None and each.provider_id == number), found[0])
    return ours, [each for each in found if each is not ours and _has_money(each)]


def _has_money(seen: ProviderResponse) -> bool:
    """Whether the provider has money of it."""
    kept = (seen.amount or 0) - (seen.refunded_amount or 0)
    return seen.status == ProviderStatus.SUCCEEDED and kept > 0 and bool(seen.currency) and bool(seen.provider_id)
