"""What is watched is there: figures, modes of files under any umask, a plain locale, the mail server's true reason."""

import stat
import sys
from pathlib import Path

from real import mail, servers
from real.certificates import PrivateCA
from real.desk import Desk
from real.report import Report
from real.world import World
from soak.world import until

ROW = "7 watched"


def try_all(world: World, report: Report) -> None:
    """Every case of the row."""
    with servers.redis(world.new_folder("redis")) as port, world.desk(f"redis://127.0.0.1:{port}/0") as desk:
        with report.case(ROW, "figures, files and words of a desk that is started with umask 000") as case:
            desk.start(arguments={kind: _with_umask(kind) for kind in ("web", "worker", "scheduler")})
            figures = until(lambda: _processes(desk), 40)
            case.heard("/metrics", figures, 'kind="web"', 'kind="worker"', 'kind="scheduler"')
            number = desk.dispute()
            desk.write(f"disputes/{number}/evidence", side="buyer", name="a.txt", content="aGVsbG8gd29ybGQ=")
            code, said = desk.command("backup", PG_BIN_DIR=str(Path(world.postgresql.command[0]).parent))
            assert code == 0, said
            case.heard("modes in VAR_DIR", _modes(Path(desk.variables["VAR_DIR"])), "0700 folders, 0600 files")
            code, said = desk.command("jobs", LANG="C", LC_ALL="C")
            said = "a warning" if "Warning" in said else "no warning"
            case.heard("desk jobs, LANG=C", f"exit {code}, {said}", "exit 0, no warning")
        _mail(world, desk, report)


def _with_umask(kind: str) -> list[str]:
    more = " --processes 1" if kind == "web" else ""
    return ["sh", "-c", f"umask 000; exec {sys.executable} -m webapp.cli {kind}{more}"]


def _processes(desk: Desk) -> str:
    answer = desk.api.get(f"{desk.url}/metrics", timeout=20)
    lines = [line for line in answer.text.splitlines() if line.startswith("desk_processes{")]
    return " ".join(lines) if all(float(line.split()[-1]) >= 1 for line in lines if "command" not in line) else ""


def _modes(folder: Path) -> str:
    """Whether others can look at anything; which, if so."""
    wrong = []
    for each in [folder, *folder.rglob("*")]:
        mode = stat.S_IMODE(each.stat().st_mode)
        if each.is_socket() or mode == (0o700 if each.is_dir() else 0o600):
            continue
        wrong.append(f"{each.relative_to(folder)} {mode:04o}")
    return ", ".join(wrong) or "0700 folders, 0600 files"


def _mail(world: World, desk: Desk, report: Report) -> None:
    ca, other = PrivateCA(world.new_folder("mail")), PrivateCA(world.new_folder("other"))
    with mail.serving(ca) as post:
        port, nowhere = post.url.rpartition(":")[2], f"smtp://localhost:{servers.free_port()}"
        for trouble, differs, words in (
            ("the mail server's CA is another", {"SSL_CERT_FILE": str(other.certificate)}, ("certificate", "CA")),
            ("the mail server's password is wrong", {"SMTP_URL": post.url.replace(mail.PASSWORD, "no")}, ("password",)),
            ("the mail server's host is another", {"SMTP_URL": nowhere}, ("SMTP_URL",)),
            ("TLS from the first byte is asked for", {"SMTP_URL": f"smtps://localhost:{port}"}, ("TLS",)),
        ):
            with report.case(ROW, trouble) as case:
                given = {"SMTP_URL": post.url, "SSL_CERT_FILE": str(ca.certificate)} | differs
                found = desk.doctor(**given)["mail"]
                case.heard("desk doctor, mail", f"{found.verdict}: {found.sentence}", "wrong", *words)
        with report.case(ROW, "the mail server over TLS, by a CA of its own") as case:
            found = desk.doctor(SMTP_URL=post.url, SSL_CERT_FILE=str(ca.certificate))["mail"]
            case.heard("desk doctor, mail", f"{found.verdict}: {found.sentence}", "ok")
