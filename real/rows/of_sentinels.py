"""A Redis and its replica watched by three Sentinels: the primary dies, and what is due is done all the same."""

from contextlib import ExitStack
from typing import Any

from redis import Redis

from real import handbook, servers
from real.certificates import PrivateCA
from real.desk import now
from real.packages import REDIS
from real.report import Report
from real.world import World

ROW = "3 Sentinel"
_PASSWORD = "of the servers"
_QUORUM = 2


def try_all(world: World, report: Report) -> None:
    """Every case of the row."""
    _in_the_clear(world, report)
    if REDIS.path is None:
        report.not_tried(ROW, "all of them over TLS", REDIS.install)
    else:
        _over_tls(world, report)


def _in_the_clear(world: World, report: Report) -> None:
    with ExitStack() as here:
        first = here.enter_context(servers.redis(world.new_folder("redis")))
        follows = ["--replicaof", f"{servers.HOST} {first}"]
        second = here.enter_context(servers.redis(world.new_folder("redis"), *follows))
        folders = [world.new_folder("sentinel") for _ in range(3)]
        watching = [here.enter_context(servers.sentinel(folder, first, quorum=_QUORUM)) for folder in folders]
        named = (f"s{number}.example.com:26379" for number in (1, 2, 3))
        places = {there: f"{servers.HOST}:{port}" for there, port in zip(named, watching, strict=True)}
        address = handbook.variables("Redis with Sentinels")["REDIS_URL"]
        address = handbook.replaced(address, places | {"desk:PASSWORD@": ""})
        desk = here.enter_context(world.desk(address))
        with report.case(ROW, "the whole desk by redis+sentinel://") as case:
            since = now()
            desk.start()
            desk.prove()
            case.heard("a run", f"ended well {desk.wait_until_well(since):.1f} s after the start")
            case.heard("desk doctor", desk.doctor()["redis"].sentence, "takes writes")
        with report.case(ROW, "the primary dies, and the Sentinels make the other one it") as case:
            with Redis(port=first) as primary:
                primary.shutdown(nosave=True)
            since = now()
            case.well_after = round(desk.wait_until_well(since), 1)
            case.heard("/readyz", desk.says_ready("redis"), "200 ok")
            with Redis(port=second, decode_responses=True) as other:
                case.heard("the other one's role", other.role()[0], "master")


def _over_tls(world: World, report: Report) -> None:
    """Redis, replica and Sentinels speak nothing but TLS, to each other too, by a CA of their own."""
    with report.case(ROW, "all of them over TLS, by rediss+sentinel://; the primary dies") as case, ExitStack() as here:
        ca, over = PrivateCA(world.new_folder("tls")), "tls-replication yes\n"
        first = here.enter_context(servers.redis_over_tls(world.new_folder("redis"), ca, more=over))
        follows = f"{over}replicaof {servers.HOST} {first}"
        second = here.enter_context(servers.redis_over_tls(world.new_folder("redis"), ca, more=follows))
        folders = [world.new_folder("sentinel") for _ in range(3)]
        watching = [here.enter_context(servers.sentinel(each, first, quorum=_QUORUM, ca=ca)) for each in folders]
        hosts = ",".join(f"{servers.HOST}:{port}" for port in watching)
        desk = here.enter_context(world.desk(f"rediss+sentinel://{hosts}/desk/0?ssl_ca_certs={ca.certificate}"))
        since = now()
        desk.start()
        desk.prove()
        case.heard("a run", f"ended well {desk.wait_until_well(since):.1f} s after the start")
        case.heard("desk doctor", desk.doctor()["redis"].sentence, "takes writes")
        trust: dict[str, Any] = {"ssl": True, "ssl_ca_certs": str(ca.certificate)}
        with Redis(port=first, **trust) as primary:
            primary.shutdown(nosave=True)
        since = now()
        case.well_after = round(desk.wait_until_well(since), 1)
        case.heard("/readyz", desk.says_ready("redis"), "200 ok")
        with Redis(port=second, decode_responses=True, **trust) as other:
            case.heard("the other one's role", other.role()[0], "master")
