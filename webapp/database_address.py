"""The address of PostgreSQL as libpq and SQLAlchemy understand it: one host or several."""

import re

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

_SEVERAL = re.compile(r"^(?P<scheme>[a-z+]+)://(?:(?P<who>[^@/]*)@)?(?P<hosts>[^@/?]*,[^@/?]*)(?P<rest>[/?].*)?$", re.S)
_PORT = "5432"


def postgresql_address(url: str) -> tuple[URL, dict[str, int | None]]:
    """The address for psycopg, and what it says of `prepare_threshold`: a number, or `none` for no prepared statement.

    Of several hosts the one that takes writes is used, unless the address says otherwise. Raises ArgumentError for what
    is no address.
    """
    address = parsed(url).set(drivername="postgresql+psycopg")
    several = not isinstance(address.query.get("host", ""), str)
    if several and "target_session_attrs" not in address.query:
        address = address.update_query_dict({"target_session_attrs": "read-write"})
    threshold = address.query.get("prepare_threshold")
    if threshold is None:
        return address, {}
    if threshold != "none" and not (isinstance(threshold, str) and threshold.isdecimal()):
        raise ArgumentError("prepare_threshold in DATABASE_URL is a number, or none")
    return address.difference_update_query(["prepare_threshold"]), {
        "prepare_threshold": None if threshold == "none" else int(str(threshold))
    }


def parsed(url: str) -> URL:
    """The parts of the address of any database. Raises ArgumentError for what is no address."""
    return make_url(_hosts_apart(url))


def libpq_address(url: str) -> str:
    """The address as PostgreSQL's own programs read it, password and all."""
    address = postgresql_address(url)[0].set(drivername="postgresql")
    hosts = address.query.get("host", "")
    if isinstance(hosts, str):
        return address.render_as_string(hide_password=False)
    scheme, _, rest = address.difference_update_query(["host"]).render_as_string(hide_password=False).partition("://")
    who, _, path = rest.partition("/")
    return f"{scheme}://{who}{','.join(hosts)}/{path}"


def _hosts_apart(url: str) -> str:
    """`host1,host2:5433` is what libpq writes; SQLAlchemy wants each host by itself."""
    found = _SEVERAL.match(url)
    if found is None:
        return url
    path, _, query = (found["rest"] or "").partition("?")
    who = f"{found['who']}@" if found["who"] else "@"
    hosts = [host if _has_port(host) else f"{host}:{_PORT}" for host in found["hosts"].split(",") if host]
    return (
        f"{found['scheme']}://{who}{path or '/'}?{'&'.join([f'host={host}' for host in hosts] + [query] * bool(query))}"
    )


def _has_port(host: str) -> bool:
    return bool(re.search(r":[0-9]+$", host)) and not host.endswith("]")
