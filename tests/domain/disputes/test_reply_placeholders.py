"""Placeholders of canned replies: filled where something is known, never taken for text."""

import pytest

from webapp.domain.disputes import reply_placeholders


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("Dear {party},", []),
        ("Dear {name}, {amount} of {Party}", ["name", "Party"]),
        ("{}", [""]),
        ("{ party }", [" party "]),
        ("No { brace\nis closed}", []),
        ("{{party}}", []),
    ],
)
def test_what_is_no_placeholder_is_named(body: str, names: list[str]) -> None:
    assert reply_placeholders.unknown(body) == names


def test_what_is_known_is_filled_in_and_the_rest_stays() -> None:
    values = {"party": "Ama {amount}", "amount": "NGN 100.00", "marketplace": ""}
    text = reply_placeholders.fill("{party} of {marketplace}: {amount}, {amount}, {deadline}, {odd}", values)
    assert text == "Ama {amount} of {marketplace}: NGN 100.00, NGN 100.00, {deadline}, {odd}"
    assert reply_placeholders.unfilled("{marketplace} {deadline} {odd} {deadline}") == ["marketplace", "deadline"]


def test_every_placeholder_is_known() -> None:
    body = " ".join(f"{{{name}}}" for name in reply_placeholders.PLACEHOLDERS)
    assert reply_placeholders.unknown(body) == []
    assert reply_placeholders.unfilled(body) == list(reply_placeholders.PLACEHOLDERS)
