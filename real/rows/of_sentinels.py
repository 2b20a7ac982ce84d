"""A Redis and its replica watched by three Sentinels: the primary dies, and what is due is done all the same."""

from contextlib import ExitStack

from redis import Redis

from real import servers
from real.desk import now
from real.report import Report
from real.world import World

ROW = "3 Sentinel"
_PASSWORD = "of the servers"
_QUORUM = 2


def try_all(world: World, report: Report) -> None:
    """Every case of the row."""
    with ExitStack() as here:
        first = here.enter_context(servers.redis(world.new_folder("redis")))
        follows = ["--replicaof", f"{servers.HOST} {first}"]
        second = here.enter_context(servers.redis(world.new_folder("redis"), *follows))
        folders = [world.new_folder("sentinel") for _ in range(3)]
        watching = [here.enter_context(servers.sentinel(folder, first, quorum=_QUORUM)) for folder in folders]
        hosts = ",".join(f"{servers.HOST}:{port}" for port in watching)
        address = f"redis+sentinel://{hosts}/desk/0"
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
