"""REDIS_URL: a Redis, or Sentinels that say which one is the primary; how it is connected to, and how it is shown.

`redis+sentinel://USER:PASSWORD@s1:26379,s2:26379,s3:26379/NAME/0?sentinel_password=…`, or `rediss+sentinel://` for TLS
to all of them. The primary is asked for at each new connection, and a connection to one that is none any more ends.
"""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from redis import Redis
from redis.sentinel import Sentinel

_SENTINELS = re.compile(
    r"^redis(?P<tls>s?)\+sentinel://(?:(?P<who>[^/]*)@)?(?P<hosts>[^/?@]+)/(?P<name>[^/?]+)(?:/(?P<db>\d+))?/?"
    r"(?:\?(?P<query>.*))?$"
)
_SCHEME = re.compile(r"^rediss?\+sentinel://")
_PORT = 26379
_PASSED_ON = ("ssl_ca_certs", "ssl_cert_reqs", "ssl_certfile", "ssl_keyfile")
_OF_SENTINELS = {"sentinel_username": "username", "sentinel_password": "password"}
HOW = "write redis+sentinel://host:26379,host:26379/NAME/0 with the NAME that the Sentinels have for the primary"


@dataclass(frozen=True)
class SentinelAddress:
    """What such an address says."""

    hosts: list[tuple[str, int]]
    name: str
    """What the Sentinels call the primary."""
    options: dict[str, Any] = field(repr=False)
    """Of connections to the primary: its number, user, password and TLS."""
    sentinel_options: dict[str, Any] = field(repr=False)
    """Of connections to the Sentinels."""

    @property
    def listed(self) -> str:
        """The Sentinels as an address names them."""
        return ",".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in self.hosts)


def sentinels(url: str) -> SentinelAddress | None:
    """What the address says of Sentinels; None when it is that of one Redis. Raises ValueError, in words."""
    if not _SCHEME.match(url):
        return None
    found = _SENTINELS.match(url)
    query = dict(parse_qsl(found["query"] or "", keep_blank_values=True)) if found else {}
    if found is None or set(query) - {*_PASSED_ON, *_OF_SENTINELS}:
        raise ValueError(HOW)
    tls = {"ssl": True} | {name: query[name] for name in _PASSED_ON if name in query} if found["tls"] else {}
    user, _, password = (found["who"] or "").partition(":")
    who = {name: unquote(value) for name, value in (("username", user), ("password", password)) if value}
    of_sentinels = {_OF_SENTINELS[name]: value for name, value in query.items() if name in _OF_SENTINELS and value}
    hosts = [_host(each) for each in found["hosts"].split(",") if each]
    return SentinelAddress(hosts, unquote(found["name"]), {"db": int(found["db"] or 0)} | who | tls, of_sentinels | tls)


def connect(url: str, **options: Any) -> Redis:
    """A client of the Redis of this address, which connects when it is first used. Raises ValueError, in words."""
    found = sentinels(url)
    if found is None:
        return Redis.from_url(url, **options)
    timeouts = {name: value for name, value in options.items() if name.startswith("socket_")}
    watch: Any = Sentinel  # redis-py has no types for it
    watched = watch(found.hosts, sentinel_kwargs=timeouts | found.sentinel_options, **found.options, **options)
    client: Redis = watched.master_for(found.name)
    return client


def of_limits(url: str, **options: Any) -> tuple[str, dict[str, Any]]:
    """The address as the library of rate limits reads it, and its options."""
    found = sentinels(url)
    if found is None:
        return (f"redis+{url}" if url.startswith("unix:") else url), options
    address = f"redis+sentinel://{found.listed}/{found.name}"
    # What is not said of the Sentinels would be taken from the primary's.
    nobody = {"username": None, "password": None}
    of_sentinels = nobody | options | found.sentinel_options
    return address, found.options | options | {"use_replicas": False, "sentinel_kwargs": of_sentinels}


def without_password(url: str) -> str:
    """An address of Sentinels as people may see it. Raises ValueError for what is none."""
    found = sentinels(url)
    if found is None:
        raise ValueError(HOW)
    scheme = url.partition("://")[0]
    user, password = found.options.get("username", ""), "***" if "password" in found.options else ""
    who = f"{user}:{password}@" if user or password else ""
    hidden = "?sentinel_password=***" if "password" in found.sentinel_options else ""
    return f"{scheme}://{who}{found.listed}/{found.name}/{found.options['db']}{hidden}"


def is_of_sentinels(url: str) -> bool:
    """Whether the address is meant to be one of Sentinels."""
    return bool(_SCHEME.match(url))


def _host(each: str) -> tuple[str, int]:
    host, _, port = each.rpartition(":") if ":" in each else (each, "", "")
    if port and not port.isdecimal():
        raise ValueError(HOW)
    return host.strip("[]"), int(port or _PORT)
