"""Which addresses a webhook may go to. Pure: names are resolved by who connects, at the moment of connecting."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from webapp.domain.words import phrase

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Addresses of the fourth version in the clothes of the sixth, and ways through which they are reached.
_TUNNELS = [
    IPv6Network(each) for each in ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "fec0::/10")
]
_LONGEST = 2_000


def networks(words: Iterable[str]) -> list[Network]:
    """The networks of these texts. Raises ValueError for one that is none."""
    return [ip_network(word, strict=False) for word in words]


def may_reach(text: str, allowed: Sequence[Network] = ()) -> bool:
    """Whether this is an address of the public internet, or in one of the allowed networks."""
    try:
        address = _unwrapped(ip_address(text.partition("%")[0]))
    except ValueError:
        return False
    return any(address in network for network in allowed) or _is_public(address)


def problem_of(url: str, *, https_only: bool, allowed: Sequence[Network] = ()) -> str | None:
    """Why this can't be the address of an endpoint, in a sentence; None when it can."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return phrase("This is not an address.")
    if len(url) > _LONGEST or not url.isprintable() or " " in url:
        return phrase("This is not an address.")
    if parts.scheme not in ("http", "https") or not host:
        return phrase("The address begins with https:// or http:// and names a host.")
    if https_only and parts.scheme != "https":
        return phrase("In production the address begins with https://.")
    if parts.username is not None or parts.password is not None:
        return phrase("Leave user and password out of the address: requests are signed.")
    if _is_address(host) and not may_reach(host, allowed):
        return phrase("This is a private address. WEBHOOK_PRIVATE_ADDRESSES names the networks that may be reached.")
    return None


def _unwrapped(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and any(address in tunnel for tunnel in _TUNNELS):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved and not address.is_unspecified


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
