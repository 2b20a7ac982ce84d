"""Pictures of the desk's main pages: `make screenshots` writes them to var/screenshots, as PNG.

A desk with demo data is started on this machine with all that `desk up` starts, and an administrator looks at each page
wide and on a phone, in the light and in the dark. What is to be shown in a document is chosen from these by hand.
"""

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import requests
from demo_desk import Failed, demo_desk, signed_in
from playwright.sync_api import Page, sync_playwright

from tests.support import browser as browsers
from webapp.demo import SIGN_INS

PICTURES = Path(__file__).parents[1] / "var/screenshots"
PAGES = {
    "overview": "/",
    "disputes": "/disputes/",
    "dispute": "/disputes/ /disputes/",
    "escrow": "/escrows/ /escrows/",
    "tonight": "/tonight/",
    "jobs": "/jobs/",
    "job": "/jobs/auto_release",
    "run": "/jobs/auto_release?outcome=succeeded /runs/",
    "queues": "/queues/",
    "alerts": "/alerts/",
    "approvals": "/approvals/",
    "payouts": "/payouts/?tab=all",
    "analytics": "/analytics/",
    "settings": "/settings/",
}
"""An address; with a second, the first thing of a number that this one leads to below the second."""
LOOKS = {"wide": 1440, "tablet": 1024, "phone": 390}
SETTLES_WITHIN = 120
"""Seconds in which its jobs have their first runs."""


def take(page: Page, base: str, folder: Path) -> int:
    """The pictures of each page in each look; how many."""

    def read(path: str) -> str:
        page.goto(base + path)
        return page.content()

    addresses = {name: base + first_link(read, where) for name, where in PAGES.items()}
    taken = 0
    for name, address in addresses.items():
        page.goto(address)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            for look, width in LOOKS.items():
                page.set_viewport_size({"width": width, "height": 900})
                page.screenshot(path=folder / f"{name}-{look}-{scheme}.png", full_page=True)
                taken += 1
    return taken


def first_link(read: Callable[[str], str], where: str) -> str:
    """The path of a value of PAGES; `read` gives the page of a path. Raises Failed where nothing leads to one."""
    path, _, below = where.partition(" ")
    if not below:
        return path
    found = re.search(rf'href="({below}\d+)["?#]', read(path))
    if found is None:
        raise Failed(f"{path} leads to nothing below {below}: name another in PAGES.")
    return found[1]


def main() -> int:
    """Take them, and say where they are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=PICTURES, help="the folder; var/screenshots by default")
    folder = parser.parse_args().to
    folder.mkdir(parents=True, exist_ok=True)
    chromium = browsers.chromium()
    if chromium is None:
        print("There is no Chromium on the PATH.", file=sys.stderr)
        return 1
    _, email, password = next(each for each in SIGN_INS if each[0] == "admin")
    with (
        tempfile.TemporaryDirectory(prefix="desk-pictures-") as place,
        demo_desk(Path(place), at_work=True) as (base, _),
    ):
        cookie = signed_in(base, email, password)
        _wait_for_runs(base, cookie)
        with sync_playwright() as playwright:
            context = playwright.chromium.launch(executable_path=chromium, args=list(browsers.FLAGS)).new_context()
            host = str(urlsplit(base).hostname)
            context.add_cookies([{"name": "desk_session", "value": cookie, "domain": host, "path": "/"}])
            taken = take(context.new_page(), base, folder)
    print(f"{taken} pictures in {folder}")
    return 0


def _wait_for_runs(base: str, cookie: str) -> None:
    """Until the release of the demo's night has ended, or it is late enough: the page says then what it is."""
    ends = time.monotonic() + SETTLES_WITHIN
    while time.monotonic() < ends:
        page = requests.get(f"{base}/jobs/auto_release?outcome=succeeded", cookies={"desk_session": cookie}, timeout=30)
        if "/runs/" in page.text:
            return
        time.sleep(2)


if __name__ == "__main__":
    sys.exit(main())
