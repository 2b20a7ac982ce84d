"""Which addresses a webhook may go to: the registries of special addresses (IANA; RFC 6890), and their disguises."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.bounded import PROPERTY
from webapp.domain.outbox.addresses import may_reach, networks, problem_of

SPECIAL = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:a00:1::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "",
    "example.com",
    "127.1",
    "0x7f.0.0.1",
    "2130706433",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "172.32.0.1", "193.0.6.139", "2606:4700:4700::1111", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("address", SPECIAL)
def test_what_is_not_of_the_public_internet_is_not_reached(address: str) -> None:
    assert not may_reach(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_reached(address: str) -> None:
    assert may_reach(address)


@PROPERTY
@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_a_mapped_address_is_treated_as_what_it_is(address: IPv4Address) -> None:
    assert may_reach(f"::ffff:{address}") == may_reach(str(address))
    assert not may_reach(str(IPv6Address(int(IPv6Address("64:ff9b::")) + int(address))))
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast:
        assert not may_reach(str(address))


def test_networks_that_are_named_are_reached_and_no_others() -> None:
    allowed = networks(["10.1.0.0/16", "127.0.0.1", "fd00::/8"])
    assert [may_reach(each, allowed) for each in ("10.1.2.3", "127.0.0.1", "fd00::7", "::ffff:10.1.2.3")] == [True] * 4
    assert [may_reach(each, allowed) for each in ("10.2.0.1", "127.0.0.2", "fe80::1")] == [False] * 3
    with pytest.raises(ValueError):
        networks(["the office"])


@pytest.mark.parametrize(
    ("url", "https_only", "said"),
    [
        ("https://shop.example/hooks", True, None),
        ("http://shop.example/hooks", False, None),
        ("https://8.8.8.8:8443/x", True, None),
        ("http://shop.example/hooks", True, "In production"),
        ("ftp://shop.example", False, "begins with"),
        ("shop.example", False, "begins with"),
        ("https://", False, "begins with"),
        ("javascript:alert(1)", False, "begins with"),
        ("https://amina:secret@shop.example", False, "user and password"),
        ("https://127.0.0.1/", False, "private address"),
        ("https://[::1]/", False, "private address"),
        ("https://[::ffff:169.254.169.254]/", False, "private address"),
        ("https://shop.example:99999/", False, "not an address"),
        ("https://[::1/", False, "not an address"),
        ("https://shop.example/a b", False, "not an address"),
        ("https://shop.example/\n", False, "not an address"),
        ("https://shop.example/" + "a" * 2_000, False, "not an address"),
    ],
)
def test_why_an_address_is_refused(url: str, https_only: bool, said: str | None) -> None:
    found = problem_of(url, https_only=https_only)
    assert found is None if said is None else said in (found or "")


NOT_ONE = "This is not an address."


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://shop.example:99999/", NOT_ONE),
        ("https://shop.example/a b", NOT_ONE),
        ("https://shop.example/".ljust(2_001, "a"), NOT_ONE),
        ("https://shop.example/".ljust(2_000, "a"), None),
        ("ftp://shop.example", "The address begins with https:// or http:// and names a host."),
        ("http://shop.example", "In production the address begins with https://."),
        ("https://amina@shop.example", "Leave user and password out of the address: requests are signed."),
        ("https://:secret@shop.example", "Leave user and password out of the address: requests are signed."),
        (
            "https://127.0.0.1/",
            "This is a private address. WEBHOOK_PRIVATE_ADDRESSES names the networks that may be reached.",
        ),
    ],
)
def test_why_an_address_is_refused_is_said(url: str, said: str | None) -> None:
    assert problem_of(url, https_only=True) == said


def test_an_address_of_a_network_that_is_named_may_be_an_endpoints() -> None:
    assert problem_of("https://10.1.2.3/", https_only=True, allowed=networks(["10.1.2.99/16"])) is None
    assert not may_reach("8.8.8.8x%eth0")
    assert may_reach("2606:4700:4700::1111%eth0")
