"""Many-sided transfers as movements from one account to another."""

from collections.abc import Mapping


def movements(legs: Mapping[int, int]) -> list[tuple[int, int, int]]:
    """`(source, destination, amount)` of balanced legs (account: what goes into it), in a fixed order.

    The same legs always give the same movements; at most one fewer than there are legs.
    """
    if sum(legs.values()):
        raise ValueError("the legs do not balance")
    gives = [[account, -amount] for account, amount in sorted(legs.items()) if amount < 0]
    takes = [[account, amount] for account, amount in sorted(legs.items()) if amount > 0]
    made: list[tuple[int, int, int]] = []
    while gives:
        giver, taker = gives[0], takes[0]
        amount = min(giver[1], taker[1])
        made.append((giver[0], taker[0], amount))
        for side, one in ((gives, giver), (takes, taker)):
            one[1] -= amount
            if not one[1]:
                side.pop(0)
    return made


def named(reference: str, count: int) -> list[str]:
    """The references of a transfer's movements: its own, or with a number after a sign that no reference has."""
    return [reference] if count == 1 else [f"{reference}#{number}" for number in range(1, count + 1)]
