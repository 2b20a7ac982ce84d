"""A Redis that answers and can't be used, or not for long, or that is another thing."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from redis import Redis

from real import servers
from real.certificates import PrivateCA
from real.packages import REDIS
from real.place import Place
from real.setups.registry import Break, BrokenSetup

_EXTRA = 2_000_000


def _with_settings(*settings: str) -> Break:
    """A Redis of its own with these settings."""

    @contextmanager
    def begin(place: Place) -> Iterator[Mapping[str, str]]:
        with servers.redis(place.new_folder(), *settings) as port:
            yield {"REDIS_URL": f"redis://127.0.0.1:{port}/0"}

    return begin


@contextmanager
def _full(place: Place) -> Iterator[Mapping[str, str]]:
    with servers.redis(place.new_folder()) as port, Redis(port=port) as client:
        client.config_set("maxmemory", 1)
        yield {"REDIS_URL": f"redis://127.0.0.1:{port}/0"}


@contextmanager
def _throws_out(place: Place) -> Iterator[Mapping[str, str]]:
    with servers.redis(place.new_folder()) as port, Redis(port=port) as client:
        client.config_set("maxmemory", client.info("memory")["used_memory"] + _EXTRA)
        client.config_set("maxmemory-policy", "allkeys-lru")
        yield {"REDIS_URL": f"redis://127.0.0.1:{port}/0"}


@contextmanager
def _can_not_save(place: Place) -> Iterator[Mapping[str, str]]:
    folder = place.new_folder()
    with servers.redis(folder) as port, Redis(port=port) as client:
        (folder / "dump.rdb").mkdir()
        client.config_set("save", "3600 1")
        client.bgsave()
        while client.info("persistence")["rdb_last_bgsave_status"] == "ok":
            time.sleep(0.02)
        yield {"REDIS_URL": f"redis://127.0.0.1:{port}/0"}
        client.config_set("save", "")  # one that has to save and can't does not end when it is asked to


@contextmanager
def _wrong_password(place: Place) -> Iterator[Mapping[str, str]]:
    with Redis(port=place.redis_port) as client:
        client.acl_setuser("desk", enabled=True, passwords=["+right"], commands=["+@all"], keys=["*"])
    yield {"REDIS_URL": f"redis://desk:wrong@127.0.0.1:{place.redis_port}/0"}


@contextmanager
def _too_few_rights(place: Place) -> Iterator[Mapping[str, str]]:
    with Redis(port=place.redis_port) as client:
        client.acl_setuser("narrow", enabled=True, passwords=["+right"], commands=["+@read"], keys=["*"])
    yield {"REDIS_URL": f"redis://narrow:right@127.0.0.1:{place.redis_port}/0"}


@contextmanager
def _sentinel(place: Place) -> Iterator[Mapping[str, str]]:
    with servers.sentinel(place.new_folder(), place.redis_port) as port:
        yield {"REDIS_URL": f"redis://127.0.0.1:{port}/0"}


def _tls(scheme: str) -> Break:
    """A Redis over TLS whose CA this machine does not know."""

    @contextmanager
    def begin(place: Place) -> Iterator[Mapping[str, str]]:
        folder = place.new_folder()
        with servers.redis_over_tls(folder, PrivateCA(folder)) as port:
            yield {"REDIS_URL": f"{scheme}://127.0.0.1:{port}/0"}

    return begin


@contextmanager
def _other_ca(place: Place) -> Iterator[Mapping[str, str]]:
    folder = place.new_folder()
    other = PrivateCA(folder / "other")
    with servers.redis_over_tls(folder, PrivateCA(folder)) as port:
        yield {"REDIS_URL": f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={other.certificate}"}


@contextmanager
def _no_such_file(place: Place) -> Iterator[Mapping[str, str]]:
    yield {"REDIS_URL": f"rediss://127.0.0.1:{place.redis_port}/0?ssl_ca_certs={place.folder}/gone.pem"}


@contextmanager
def _other_name(place: Place) -> Iterator[Mapping[str, str]]:
    folder = place.new_folder()
    ca = PrivateCA(folder)
    with servers.redis_over_tls(folder, ca, "redis.example") as port:
        yield {"REDIS_URL": f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={ca.certificate}"}


@contextmanager
def _ends_soon(place: Place) -> Iterator[Mapping[str, str]]:
    folder = place.new_folder()
    ca = PrivateCA(folder)
    with servers.redis_over_tls(folder, ca, days=2.5) as port:
        yield {"REDIS_URL": f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={ca.certificate}"}


@contextmanager
def _tls_to_plain(place: Place) -> Iterator[Mapping[str, str]]:
    # It waits for a line that never ends; the desk's own ten seconds are not needed to see that.
    yield {"REDIS_URL": f"rediss://127.0.0.1:{place.redis_port}/0?socket_timeout=0.5"}


@contextmanager
def _away(_place: Place) -> Iterator[Mapping[str, str]]:
    yield {"REDIS_URL": f"redis://127.0.0.1:{servers.free_port()}/0"}


SETUPS = (
    BrokenSetup("Redis is a replica", _with_settings("--replicaof", "127.0.0.1", "1"), "redis", ("replica", "primary")),
    BrokenSetup("Redis is full", _full, "redis", ("memory limit", "maxmemory")),
    BrokenSetup("Redis throws out what is queued", _throws_out, "redis", ("allkeys-lru", "noeviction"), "warning"),
    BrokenSetup("Redis can't save to its disk", _can_not_save, "redis", ("can't save", "disk")),
    BrokenSetup("the password of Redis is wrong", _wrong_password, "redis", ("password", "REDIS_URL")),
    BrokenSetup("the user of Redis may too little", _too_few_rights, "redis", ("may not do", "ACL")),
    BrokenSetup("REDIS_URL names a Sentinel's port", _sentinel, "redis", ("Sentinel", "REDIS_URL")),
    BrokenSetup("the CA of Redis is not known", _tls("rediss"), "redis", ("certificate", "ssl_ca_certs"), needs=REDIS),
    BrokenSetup("the CA of Redis is another", _other_ca, "redis", ("certificate", "ssl_ca_certs"), needs=REDIS),
    BrokenSetup("the file of Redis's CA is not there", _no_such_file, "redis", ("gone.pem",)),
    BrokenSetup(
        "the certificate of Redis is for another host", _other_name, "redis", ("another host", "127.0.0.1"), needs=REDIS
    ),
    BrokenSetup(
        "the certificate of Redis ends in two days",
        _ends_soon,
        "certificates",
        ("Redis", "in 2 days", "tls-cert-file"),
        needs=REDIS,
    ),
    BrokenSetup("Redis speaks TLS only", _tls("redis"), "redis", ("TLS", "rediss://"), needs=REDIS),
    BrokenSetup("Redis speaks no TLS at this port", _tls_to_plain, "redis", ("TLS", "redis://")),
    BrokenSetup("Redis is not there", _away, "redis", ("Connection refused", "REDIS_URL")),
)
