"""Redis is a replica, full, over TLS, with the handbook's user; an alert is told by mail meanwhile."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

from redis import Redis

from real import handbook, mail, servers
from real.certificates import PrivateCA
from real.desk import Desk, now
from real.packages import REDIS
from real.report import Case, Report
from real.world import World
from soak.world import until

ROW = "1 Redis"
PASSWORD = "of-the-handbook"
_TAGS = re.compile(r"<[^>]+>")


def try_all(world: World, report: Report) -> None:
    """Every case of the row."""
    ca = PrivateCA(world.new_folder("mail"))
    with mail.serving(ca) as post, servers.redis(world.new_folder("redis")) as port:
        letters = {"SMTP_URL": post.url, "ALERT_EMAILS": "operator@desk.test", "SSL_CERT_FILE": str(ca.certificate)}
        with world.desk(f"redis://127.0.0.1:{port}/0", **letters) as desk, Redis(port=port) as client:
            desk.start()
            desk.prove()
            desk.wait_until_well(now())
            _in_trouble(report, desk, post, "it is a replica for a while", *_replica(client), "is a replica")
            _in_trouble(report, desk, post, "it is full for a while", *_full(client), "memory limit")
    _over_tls(world, report)
    _by_the_handbook_s_user(world, report)


def _replica(client: Redis) -> tuple[Callable[[], object], Callable[[], object]]:
    return lambda: client.replicaof("127.0.0.1", "1"), lambda: client.replicaof("NO", "ONE")


def _full(client: Redis) -> tuple[Callable[[], object], Callable[[], object]]:
    return lambda: client.config_set("maxmemory", 1), lambda: client.config_set("maxmemory", 0)


def _in_trouble(
    report: Report,
    desk: Desk,
    post: mail.Post,
    trouble: str,
    begin: Callable[[], object],
    end: Callable[[], object],
    words: str,
) -> None:
    with report.case(ROW, trouble) as case:
        before = len(post.letters)
        begin()
        try:
            case.heard("desk doctor", desk.doctor()["redis"].sentence, words)
            case.heard("/readyz", until(lambda: _not_ready(desk), 20), "503", words)
            case.heard("a page", until(lambda: banner(desk, words), 40), words)
            case.heard("a letter to the operators", until(lambda: _letter(post, before, words), 60), words)
            _run_without_redis(desk, case)
        finally:
            since = now()
            end()
        case.well_after = round(desk.wait_until_well(since), 1)
        case.heard("/readyz", until(lambda: _ready(desk), 20), "200")
        case.heard("a page", until(lambda: "" if banner(desk, words) else "no banner any more", 40))


def _not_ready(desk: Desk) -> str:
    said = desk.says_ready("redis")
    return said if said.startswith("503") else ""


def _ready(desk: Desk) -> str:
    said = desk.says_ready("redis")
    return said if said.startswith("200") else ""


def banner(desk: Desk, words: str) -> str:
    """What a page says around these words, wherever on it; empty when it does not say them."""
    text = unescape(_TAGS.sub(" ", desk.page("/").text))
    at = text.find(words)
    return text[max(0, at - 100) : at + 200] if at >= 0 else ""


def _letter(post: mail.Post, before: int, words: str) -> str:
    return next((each for each in post.letters[before:] if words in each), "")


def _run_without_redis(desk: Desk, case: Case) -> None:
    """`desk run` needs no Redis."""
    code, said = desk.command("run", "create_missing_wallets", "--dry-run")
    case.heard("desk run, without Redis", f"exit {code} {said}", "exit 0")


def _over_tls(world: World, report: Report) -> None:
    if REDIS.path is None:
        report.not_tried(ROW, "over TLS, by a CA of its own", REDIS.install)
        return
    with report.case(ROW, "over TLS, by a CA of its own") as case:
        folder = world.new_folder("tls")
        ca = PrivateCA(folder)
        with servers.redis_over_tls(folder, ca) as port:
            url = f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={ca.certificate}"
            with world.desk(url) as desk:
                _works(desk, case)


def _by_the_handbook_s_user(world: World, report: Report) -> None:
    with report.case(ROW, "by the user of the handbook, without INFO") as case:
        folder = world.new_folder("acl")
        with servers.redis(folder) as port, Redis(port=port) as client:
            ask: Any = client.execute_command
            ask(*handbook.acl(PASSWORD), "-info")
            with world.desk(f"redis://desk:{PASSWORD}@127.0.0.1:{port}/0") as desk:
                _works(desk, case, "may not INFO")


def _works(desk: Desk, case: Case, words: str = "takes writes") -> None:
    """A run is carried out, and doctor says so."""
    since = now()
    desk.start()
    desk.prove()
    case.heard("a run", f"ended well {desk.wait_until_well(since):.1f} s after the start")
    case.heard("desk doctor", desk.doctor()["redis"].sentence, words)
