"""A production desk on the blocks of the handbook, copied as they stand there: run, scraped, backed up and restored."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml
from sqlalchemy import create_engine

from real import handbook, mail, servers
from real.certificates import PrivateCA
from real.desk import Desk, now
from real.packages import OPENSSL, PGBOUNCER, PROMTOOL, REDIS
from real.report import Report
from real.world import World
from soak.standby import ask
from webapp import cli
from webapp.migrations import roles

ROW = "10 handbook"
_PASSWORD = "of-the-blocks"
_HEADING = "Backing up and restoring"


@dataclass(frozen=True)
class Production:
    """A desk in production; `straight` is its database past PgBouncer."""

    desk: Desk
    straight: str


def try_all(world: World, report: Report) -> None:
    """Every block that is not tried behind nginx."""
    for package in (PGBOUNCER, REDIS, OPENSSL):
        if package.path is None:
            report.not_tried(ROW, "a production desk on the blocks", package.install)
            return
    with production(world) as here:
        with report.case(
            ROW, "PgBouncer, Redis with ACL and CA, mail with a CA: a production desk on the blocks"
        ) as case:
            since = now()
            here.desk.start()
            here.desk.prove()
            case.heard("a run", f"ended well {here.desk.wait_until_well(since):.1f} s after the start")
            wrong = [each for each in here.desk.doctor().values() if each.verdict != "ok"]
            said = "; ".join(f"{each.check}: {each.sentence}" for each in wrong if each.check != "certificates")
            case.heard("desk doctor", said or "all ok", "all ok")
            # The page's own address is nobody's here, which has to be all that is wrong with the certificates.
            own = here.desk.doctor()["certificates"].sentence
            case.heard("desk doctor, of the page's own address", own, "desk.example.com:443", "Asked: 2")
        with report.case(ROW, "Prometheus, by its block and a token of the scope metrics") as case:
            _scrape(here.desk, case.heard)
        _rules(report)
        with report.case(ROW, "backed up, restored elsewhere, and verified by the commands") as case:
            _restore(world, here, case.heard)


@contextmanager
def production(world: World) -> Iterator[Production]:
    """One, set up by the blocks and not started."""
    folder = world.new_folder("production")
    made = _commands(handbook.blocks("Redis with a CA of your own", "sh")[0], {"redis.example.com": "localhost"})
    subprocess.run(["sh", "-ec", made], cwd=folder, check=True, capture_output=True)
    owned = world.migrated()
    name, redis, bouncer = name_of(owned), servers.free_port(), servers.free_port()
    make_roles(world, owned)
    straight = owned.replace("//postgres@", "//desk_app@")
    (folder / "users.acl").write_text(f"user default off\nuser {' '.join(handbook.acl(_PASSWORD)[2:])}\n")
    [conf] = handbook.blocks("Redis with a CA of your own", "conf")
    conf = handbook.replaced(conf, {"6380": str(redis), "/etc/redis/": f"{folder}/"})
    users = folder / "userlist.txt"
    users.write_text(f'"desk_app" "{_PASSWORD}"\n')
    users.chmod(0o644)
    [ini] = handbook.blocks("PgBouncer", "ini")
    sockets = str(world.postgresql.socket.parent)
    places = {"desk = host=db.example.com port=5432 dbname=desk": f"{name} = host={sockets} port=5432 dbname={name}"}
    ini = handbook.replaced(ini, places | {"6432": str(bouncer), "/etc/pgbouncer/userlist.txt": str(users)})
    mail_ca = PrivateCA(folder / "mail")
    with (
        mail.serving(mail_ca) as post,
        servers.redis_of(folder, conf, redis),
        servers.pgbouncer_of(world.new_folder("pgbouncer"), ini, bouncer, straight),
    ):
        port = post.url.rpartition(":")[2]
        settings = _settings(
            handbook.variables(""),
            {
                "127.0.0.1:6432/desk": f"127.0.0.1:{bouncer}/{name}",
                "postgresql://desk_app:PASSWORD@db.example.com:5432/desk": straight,
                "postgresql://desk_proof:PASSWORD@db.example.com:5432/postgres": _as("desk_proof", owned, "postgres"),
                "redis.example.com:6380": f"localhost:{redis}",
                "ssl_ca_certs=/etc/ssl/private-ca.pem": f"ssl_ca_certs={folder}/ca.pem",
                "SSL_CERT_FILE=/etc/ssl/private-ca.pem": f"SSL_CERT_FILE={mail_ca.certificate}",
                "smtp://desk:PASSWORD@mail.example.com:587": f"smtp://{mail.USER}:{mail.PASSWORD}@localhost:{port}",
                "TRUSTED_HOSTS=desk.example.com": "TRUSTED_HOSTS=desk.example.com,127.0.0.1",
                "PASSWORD": _PASSWORD,
            },
        )
        programs = {"PG_BIN_DIR": str(Path(world.postgresql.command[0]).parent), "BACKUP_DIR": str(folder / "backups")}
        address, redis_url = settings.pop("DATABASE_URL"), settings.pop("REDIS_URL")
        with world.desk(redis_url, address, **settings, **programs) as desk:
            yield Production(desk, straight)


def _settings(given: dict[str, str], places: dict[str, str]) -> dict[str, str]:
    text = handbook.replaced("\n".join(f"{name}={value}" for name, value in given.items()), places)
    return dict(line.split("=", 1) for line in text.splitlines())


def make_roles(world: World, owned: str) -> None:
    """The page's roles in a database that `owned` leads to as a superuser, and their rights."""
    programs, name = Path(world.postgresql.command[0]).parent, name_of(owned)
    [block] = handbook.blocks("PostgreSQL's roles", "sh")
    makes = _commands(block, {"transaction desk\n": f"transaction {name}\n", "CREATEDB' desk": f"CREATEDB' {name}"})
    # The server is every database's, and has the role of the proofs after the first.
    known = ask(world.postgresql.socket.parent, "SELECT 1 FROM pg_roles WHERE rolname = 'desk_proof'")
    place = {"PGHOST": str(world.postgresql.socket.parent), "PGUSER": "postgres", "PATH": f"{programs}:{os.defpath}"}
    lines = makes.splitlines()[: 1 if known else None]
    subprocess.run(["sh", "-ec", "\n".join(lines)], env=place, check=True, capture_output=True)
    # As `desk migrate` ends, which is not the desk's that is set up here yet.
    migrating = create_engine(_as("desk_migrate", owned).replace("postgresql://", "postgresql+psycopg://"))
    with migrating.begin() as connection:
        roles.grant(connection)
    migrating.dispose()


def name_of(url: str) -> str:
    """The name of the database of an address."""
    return url.partition("@/")[2].partition("?")[0]


def _as(role: str, owned: str, database: str = "") -> str:
    """The address of another role, and perhaps of another database, from a superuser's."""
    there = owned.replace("//postgres@", f"//{role}@")
    return there.replace(f"@/{name_of(owned)}?", f"@/{database}?") if database else there


def _commands(block: str, places: dict[str, str]) -> str:
    """A block of commands, with this checkout's desk for `desk`."""
    run = f"{shlex.quote(sys.executable)} -m {cli.__name__}"
    return re.sub(r"^((?:\w+=\S+ )?)desk(?= )", rf"\1{run}", handbook.replaced(block, places), flags=re.MULTILINE)


def _scrape(desk: Desk, heard: Any) -> None:
    code, said = desk.command("token", "add", "--name", "prometheus", "--scope", "metrics")
    assert code == 0, said
    token = re.findall(r"\S{20,}", said.splitlines()[0] if said.count("\n") < 2 else said)[-1]
    scrape = yaml.safe_load(handbook.blocks("Prometheus", "yaml")[0])["scrape_configs"][0]
    headers = {"Authorization": f"Bearer {token}", "Host": scrape["static_configs"][0]["targets"][0]}
    figures = requests.get(f"{desk.url}{scrape['metrics_path']}", headers=headers, timeout=20)
    heard("its scrape", f"{figures.status_code}, {len(figures.text.splitlines())} lines", "200")
    others = requests.get(f"{desk.url}/api/v1/parties", headers=headers, timeout=20)
    heard("parties, by that token", f"{others.status_code} {others.json().get('detail')}", "403")


def _rules(report: Report) -> None:
    trouble = "the rules, by promtool"
    if PROMTOOL.path is None:
        report.not_tried(ROW, trouble, PROMTOOL.install)
        return
    with report.case(ROW, trouble) as case:
        file = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules.yaml"
        done = subprocess.run([PROMTOOL.path, "check", "rules", str(file)], capture_output=True, text=True)
        case.heard("promtool check rules", f"exit {done.returncode}: {done.stdout} {done.stderr}", "exit 0", "SUCCESS")


def _restore(world: World, here: Production, heard: Any) -> None:
    """Commands of the page, one block after the other, on a machine that takes over."""
    number = here.desk.dispute()
    here.desk.write(f"disputes/{number}/evidence", side="buyer", name="a.txt", content="aGVsbG8gd29ybGQ=")
    backup, restore, verify = handbook.blocks(_HEADING, "sh")
    heard("desk backup", _shell(here.desk, _commands(backup, {})), "exit 0", "whole")
    [file] = Path(here.desk.variables["BACKUP_DIR"]).glob("*.backup")
    into, elsewhere = world.empty(), world.new_folder("elsewhere")
    make_roles(world, into)
    places = {
        "/srv/backups/desk.backup": str(file),
        "postgresql://desk_migrate:PASSWORD@db2.example.com:5432/desk_restored": f"'{_as('desk_migrate', into)}'",
        "/srv/desk/evidence": f"{elsewhere}/evidence",
    }
    restored = _shell(here.desk, _commands(restore, places), VAR_DIR=str(elsewhere))
    heard("desk restore", restored, "exit 0", "says that it may be a copy")
    for command in _commands(verify, {}).splitlines():
        said = _shell(here.desk, command, DATABASE_URL=_as("desk_app", into), VAR_DIR=str(elsewhere))
        expected = "exit 1" if command.endswith("doctor") else "exit 0"
        heard(f"desk {command.rpartition(f'{cli.__name__} ')[2]}, of the restored one", said, expected)


def _shell(desk: Desk, commands: str, **more: str) -> str:
    done = subprocess.run(
        ["sh", "-ec", commands], env=desk.environment(**more), capture_output=True, text=True, timeout=120
    )
    lines = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("{")]
    bad = [line for line in lines if line.startswith(("BAD", "warn"))]
    return f"exit {done.returncode}: {' '.join(bad or lines)}"
