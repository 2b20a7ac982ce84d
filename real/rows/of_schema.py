"""An empty database: everything waits in words, moves no money, and begins by itself after `desk migrate`."""

import requests

from real import servers
from real.desk import Desk, now
from real.report import Report
from real.rows.of_answers import words
from real.world import World
from soak.world import until

ROW = "5 schema"
_WORDS = "being upgraded"


def try_all(world: World, report: Report) -> None:
    """The case of the row; a schema that is older or newer is among the set-ups that doctor is asked about."""
    with servers.redis(world.new_folder("redis")) as port:
        desk = Desk(world.new_folder("desk"), world.empty(), f"redis://127.0.0.1:{port}/0")
        try:
            _migrated_later(desk, report)
        finally:
            desk.stop()


def _migrated_later(desk: Desk, report: Report) -> None:
    with report.case(ROW, "the database is empty when everything starts") as case:
        desk.start()
        page = requests.get(f"{desk.url}/", timeout=20)
        case.heard(
            "a page", f"{page.status_code}, Retry-After {page.headers.get('Retry-After')}: {words(page)}", "503", _WORDS
        )
        asked = requests.post(f"{desk.url}/api/v1/parties", json={}, timeout=20)
        case.heard("a write over the API", f"{asked.status_code}: {words(asked)}", "503", _WORDS)
        case.heard("/readyz", desk.says_ready("migrations"), "503", "desk migrate")
        case.heard("desk doctor", desk.doctor()["migrations"].sentence, "empty", "desk migrate")
        for kind in ("worker", "scheduler"):
            said = until(lambda kind=kind: "desk migrate" in desk.log(kind) and desk.log(kind).splitlines()[-1], 40)
            case.heard(f"the {kind}'s log", said, "desk migrate")
        code, said = desk.command("run", "auto_release")
        case.heard("desk run auto_release", f"exit {code}: {said}", "exit 1", "desk migrate")
        since = now()
        desk.set_up()
        until(lambda: desk.ready()[0] == 200, 40, 0.05)
        case.heard("/readyz", f"200 {now() - since:.1f} s after `desk migrate` began")
        desk.prove()
        case.well_after = round(desk.wait_until_well(since), 1)
