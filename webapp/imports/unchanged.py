"""Is an order that the desk has the one that the file has? Only what the file says is compared."""

from typing import Any

from webapp.imports.order_fields import stored
from webapp.imports.order_lines import OrderLine


def differences(line: OrderLine, known: Any) -> str:
    """What differs, in a sentence; empty when it is the same order."""
    found = [name for name, here, there in _pairs(line, known) if here != there]
    if not found:
        return ""
    return f"order_ref {line.ref!r} exists already with a different {_listed(found)}"


def _pairs(line: OrderLine, known: Any) -> list[tuple[str, object, object]]:
    given = line.given
    pairs: list[tuple[str, object, object]] = [
        ("buyer_ref", line.buyer, known.buyer),
        ("seller_ref", line.seller, known.seller),
        ("amount", line.amount, known.amount),
        ("currency", line.currency, known.currency),
    ]
    if "p" in given:
        pairs.append(("policy", line.policy, known.policy))
    if "f" in given:
        pairs.append(("fee", line.fee, known.fee))
    if "c" in given:
        pairs.append(("created_at", line.created_at, stored(known.created_at)))
    if line.paid_at:
        pairs.append(("paid_at", line.paid_at, stored(known.paid_at)))
    if line.completed_at:
        pairs.append(("completed_at", line.completed_at, stored(known.completed_at)))
    if "r" in given and known.version == 1:  # a later version may have been extended by a person
        pairs.append(("release_at", line.release_at, stored(known.release_at)))
    return pairs


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
