"""Answers in trouble, through nginx as the handbook sets it: the database away, files that can't be written, hosts."""

import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape

import requests

from real import handbook, servers
from real.certificates import PrivateCA
from real.desk import Desk, now
from real.packages import NGINX
from real.report import Report
from real.world import World
from soak.forms import Forms
from soak.journal import Journal
from soak.links import CUT, PASS, Link, Links
from soak.small_disk import SmallDisk
from soak.world import until

ROW = "4 answers"
_SIZE = 128 * 2**20
_MEGABYTE = 2**20
_TAGS, _SPACES = re.compile(r"<(script|style)\b.*?</\1>|<[^>]+>", re.S), re.compile(r"\s+")
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
_PNG = b"\x89PNG\r\n\x1a\n"
_MAIN = re.compile(r"<main\b.*?</main>", re.S)


@dataclass(frozen=True)
class Behind:
    """A desk behind nginx; `url` is how people have it, `link` its way to the database."""

    desk: Desk
    forms: Forms
    url: str
    links: Links
    link: Link
    disk: SmallDisk | None


def try_all(world: World, report: Report) -> None:
    """Every case of the row."""
    if NGINX.path is None:
        report.not_tried(ROW, "all of it, behind nginx", NGINX.install)
        return
    with behind_nginx(world) as here:
        number = here.desk.dispute()
        with report.case(ROW, "nginx of the handbook, over TLS, at another port than 443") as case:
            page = here.forms.look("/")
            case.heard("a page, signed in by its form", f"{page.status_code} {words(page)}", "200", "Overview")
            sent = upload(here, number, 9 * _MEGABYTE)
            case.heard("9 MB of evidence", f"{sent.status_code} {words(sent)}", "200", "staged")
            sent = upload(here, number, 12 * _MEGABYTE)
            case.heard("12 MB of evidence", f"{sent.status_code} {words(sent)}", "larger")
            sent = here.forms.session.post(f"{here.url}/sign-in", data=b"x" * 17 * _MEGABYTE, timeout=30)
            case.heard("17 MB, which nginx refuses", f"{sent.status_code} {words(sent)}", "413")
            foreign = here.forms.session.get(here.url, headers={"Host": "elsewhere.example"}, timeout=30)
            case.heard("a page by a host that is not ours", f"{foreign.status_code} {words(foreign)}", "400")
            assert "Traceback" not in here.desk.log("web")
        _database_away(here, report)
        _read_only(here, number, report)
    _port_lost(world, report)


def _database_away(here: Behind, report: Report) -> None:
    with report.case(ROW, "the way to the database is cut") as case:
        here.desk.prove()
        here.desk.wait_until_well(now())
        here.links.set(here.link, CUT)
        try:
            page = here.forms.session.get(f"{here.url}/", timeout=60)
            case.heard("a page", _answer(page), "503", "Retry-After", "reached")
            asked = here.desk.api.post(f"{here.desk.url}/api/v1/parties", json={"ref": "x", "name": "X"}, timeout=60)
            case.heard("a write over the API", _answer(asked), "503", "Retry-After", "Nothing was changed")
            case.heard("/readyz", here.desk.says_ready("database"), "503", "PostgreSQL")
            case.heard("desk doctor", here.desk.doctor()["database"].sentence, "PostgreSQL")
        finally:
            since = now()
            here.links.set(here.link, PASS)
        case.well_after = round(here.desk.wait_until_well(since), 1)


def _read_only(here: Behind, number: int, report: Report) -> None:
    trouble = "VAR_DIR is mounted read-only"
    if here.disk is None:
        report.not_tried(ROW, trouble, "nothing may be mounted here; root may")
        return
    with report.case(ROW, trouble) as case:
        here.disk.read_only(True)
        try:
            sent = upload(here, number, 1000)
            case.heard("a file of evidence", _answer(sent), "503", "Retry-After", "Nothing was changed")
            case.heard("desk doctor", here.desk.doctor()["disk"].sentence, "Read-only file system", "VAR_DIR")
        finally:
            since = now()
            here.disk.read_only(False)
        sent = until(lambda: upload(here, number, 1001), 20)
        case.heard("a file of evidence, afterwards", f"{sent.status_code} {words(sent)}", "200", "staged")
        case.well(since)


def _port_lost(world: World, report: Report) -> None:
    trouble = "nginx hands on the host without its port"
    with report.case(ROW, trouble) as case, behind_nginx(world, {"$http_host": "$host"}) as here:
        form = here.forms.session.get(f"{here.url}/sign-in", timeout=30)
        token = unescape((_TOKEN.search(form.text) or [""] * 2)[1])
        values = {"email": here.desk.account[0], "password": here.desk.account[1], "csrf_token": token}
        answer = here.forms.session.post(form.url, data=values, headers={"Referer": form.url}, timeout=30)
        case.heard("its sign-in form", f"{answer.status_code} {words(answer)}", "400", "$http_host")


@contextmanager
def behind_nginx(world: World, changes: dict[str, str] | None = None) -> Iterator[Behind]:
    """A desk and an nginx before it, both running; the block of the handbook has these changes."""
    folder, links, port = world.new_folder("nginx"), Links(), servers.free_port()
    ca = PrivateCA(folder)
    certificate, key = ca.issue("desk")
    sockets, url = folder / "sockets", f"https://localhost:{port}"
    link = links.add("database", [world.postgresql.socket], sockets / ".s.PGSQL.5432")
    database = world.migrated().replace(str(world.postgresql.socket.parent), str(sockets))
    disk = SmallDisk(folder / "var", _SIZE) if world.may_mount else None
    settings = {"TRUSTED_HOSTS": "localhost,127.0.0.1", "TRUSTED_PROXIES": "1", "PUBLIC_URL": url}
    settings |= {"VAR_DIR": str(folder / "var")}
    try:
        with (
            servers.redis(folder / "redis") as redis,
            world.desk(f"redis://127.0.0.1:{redis}/0", database, **settings) as desk,
        ):
            [block] = handbook.blocks("nginx", "nginx")
            places = {"listen 443 ssl": f"listen 127.0.0.1:{port} ssl", "desk.example.com": "localhost"}
            places |= {"/etc/ssl/desk.pem": str(certificate), "/etc/ssl/desk.key": str(key)}
            places |= {"127.0.0.1:8000": f"127.0.0.1:{desk.port}"} | (changes or {})
            desk.start()
            with servers.nginx(folder / "run", handbook.replaced(block, places), port):
                forms = Forms(url, desk.account, Journal(folder / "journal"), threading.Event())
                forms.session.trust_env = False  # else a bundle that the environment names counts instead
                forms.session.verify = str(ca.certificate)
                yield Behind(desk, forms, url, links, link, disk)
    finally:
        links.close()
        if disk is not None:
            disk.close()


def upload(here: Behind, dispute: int, size: int) -> requests.Response:
    """Attach a file of this size by the page's form."""
    path = f"/disputes/{dispute}/evidence/file"
    page = here.forms.look(path)
    token = unescape((_TOKEN.search(page.text) or [""] * 2)[1])
    content = _PNG + secrets.token_bytes(size)
    return here.forms.session.post(
        f"{here.url}{path}",
        data={"csrf_token": token, "side": "buyer"},
        files={"file": ("box.png", content, "image/png")},
        headers={"Referer": page.url},
        timeout=60,
    )


def words(answer: requests.Response, most: int = 400) -> str:
    """What a page says, without its menu; the beginning of it."""
    found = _MAIN.search(answer.text)
    return _SPACES.sub(" ", unescape(_TAGS.sub(" ", found[0] if found else answer.text))).strip()[:most]


def _answer(answer: requests.Response) -> str:
    after = answer.headers.get("Retry-After")
    return f"{answer.status_code}{f', Retry-After {after}' if after else ''}: {words(answer)}"
