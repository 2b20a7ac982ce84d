"""Which servers are on this machine, and how those that are not are installed."""

import os
import shutil
from dataclasses import dataclass

from webapp.errors import Unavailable
from webapp.local import redis_server

_PLACES = os.pathsep.join(["/usr/local/sbin", "/usr/sbin", "/sbin"])
"""Where Debian puts servers; the PATH of people who are not root lacks them."""


@dataclass(frozen=True)
class Package:
    """A server's program, the Debian package that has it, and what it is tried for."""

    program: str
    debian: str
    purpose: str

    @property
    def path(self) -> str | None:
        """Where the program is; None when it is not installed."""
        return shutil.which(self.program) or shutil.which(self.program, path=_PLACES)

    @property
    def install(self) -> str:
        """The command that brings it."""
        return f"sudo apt-get install --no-install-recommends {self.debian}"


NGINX = Package("nginx", "nginx", "TLS and the host in front of the pages")
PGBOUNCER = Package("pgbouncer", "pgbouncer", "a pooler before PostgreSQL")
REDIS = Package("redis-server", "redis-server", "Debian's Redis, besides the Valkey that comes along")
SENTINEL = Package("redis-sentinel", "redis-sentinel", "the fail-over of Redis")
HAPROXY = Package("haproxy", "haproxy", "one address before a pair of PostgreSQL servers")
OPENSSL = Package("openssl", "openssl", "the commands for a CA in the handbook")
PROMTOOL = Package("promtool", "prometheus", "scrape and rules of the handbook")
PACKAGES = (NGINX, PGBOUNCER, REDIS, SENTINEL, HAPROXY, OPENSSL, PROMTOOL)


def missing() -> list[Package]:
    """Those that are not here."""
    return [each for each in PACKAGES if each.path is None]


def path_of(package: Package) -> str:
    """Where its program is. Raises Unavailable, with the command that brings it."""
    if package.path is None:
        raise Unavailable(f"{package.program} is not here: {package.install}")
    return package.path


def redis_program() -> str:
    """Debian's Redis where it is installed, else what the desk itself would start."""
    return REDIS.path or redis_server.binary()
