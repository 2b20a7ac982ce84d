"""A desk whose files, clocks, processes, settings or counterparts are not as they have to be."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from real import servers
from real.place import Place, ask
from real.setups.registry import Break, BrokenSetup
from webapp import clock
from webapp.services.scheduling import processes
from webapp.sql import database_now

_LIVE = "sk_" + "live_" + "0" * 32


def _variables(**changes: str) -> Break:
    """Variables that differ, and nothing else."""

    @contextmanager
    def begin(_place: Place) -> Iterator[Mapping[str, str]]:
        yield changes

    return begin


def _in_production(**changes: str) -> Break:
    """The settings of a production desk, but for the changes."""

    @contextmanager
    def begin(place: Place) -> Iterator[Mapping[str, str]]:
        yield {"DESK_ENV": "production", "TRUSTED_HOSTS": "desk.test", "DATABASE_URL": place.database()} | changes

    return begin


def _nothing_alive_but(*kinds: str) -> Break:
    @contextmanager
    def begin(place: Place) -> Iterator[Mapping[str, str]]:
        url = place.migrated()
        place.inhabit(url, *kinds)
        yield {"DATABASE_URL": url}

    return begin


@contextmanager
def _nothing_planned(place: Place) -> Iterator[Mapping[str, str]]:
    yield {"DATABASE_URL": place.migrated()}


@contextmanager
def _a_job_is_late(place: Place) -> Iterator[Mapping[str, str]]:
    url = place.own_database()
    long_ago = "now() - interval '3 days'"
    ask(url, f"UPDATE schedule SET since = {long_ago}, next_slot = {long_ago} WHERE job = 'auto_release'")
    yield {"DATABASE_URL": url}


@contextmanager
def _evidence_is_missing(place: Place) -> Iterator[Mapping[str, str]]:
    url = place.own_database()
    ask(
        url,
        "SET session_replication_role = replica",  # whose dispute it is does not matter here
        "INSERT INTO evidence (dispute_id, side, name, media_type, size, sha256, stored_as, status, by, by_name, at)"
        " VALUES (1, 'desk', 'a.png', 'image/png', 1, 'x', 'a.png', 'staged', 'user:1', 'Amina', now())",
    )
    yield {"DATABASE_URL": url}


@contextmanager
def _this_clock_is_off(_place: Place) -> Iterator[Mapping[str, str]]:
    true = clock.local
    clock.local = lambda: true() - timedelta(minutes=5)
    try:
        yield {}
    finally:
        clock.local = true


@contextmanager
def _another_clock_is_off(place: Place) -> Iterator[Mapping[str, str]]:
    url = place.own_database()
    runtime = place.runtime(DATABASE_URL=url)
    with runtime.db.transaction() as session:
        processes.beat(session, processes.WORKER, database_now(session), skew=timedelta(minutes=-5))
    runtime.db.close()
    yield {"DATABASE_URL": url}


@contextmanager
def _old_backup(place: Place) -> Iterator[Mapping[str, str]]:
    url = place.own_database()
    ask(url, "UPDATE schedule SET since = now() - interval '3 days' WHERE job = 'back_up'")
    yield {"DATABASE_URL": url}


@contextmanager
def _no_blnk(_place: Place) -> Iterator[Mapping[str, str]]:
    address = f"http://127.0.0.1:{servers.free_port()}"
    yield {"LEDGER": "blnk", "BLNK_URL": address, "BLNK_API_KEY": "x", "BLNK_WEBHOOK_SECRET": "x"}


@contextmanager
def _no_identity_provider(_place: Place) -> Iterator[Mapping[str, str]]:
    issuer = f"http://127.0.0.1:{servers.free_port()}"
    yield {"OIDC_ISSUER": issuer, "OIDC_CLIENT_ID": "desk", "OIDC_CLIENT_SECRET": "x"}


SETUPS = (
    BrokenSetup(
        "a standby that was promised does not follow",
        _variables(DATABASE_STANDBYS="1"),
        "standbys",
        ("0 standbys follow", "DATABASE_STANDBYS", "pg_basebackup"),
    ),
    BrokenSetup("VAR_DIR takes no file", _variables(VAR_DIR="/proc"), "disk", ("No file can be written", "VAR_DIR")),
    BrokenSetup("files of evidence are missing", _evidence_is_missing, "evidence", ("Not in VAR_DIR/evidence: 1",)),
    BrokenSetup("this machine's clock is off", _this_clock_is_off, "clock", ("300", "behind", "NTP")),
    BrokenSetup("another machine's clock is off", _another_clock_is_off, "clock", ("300", "behind", "NTP")),
    BrokenSetup("there is no scheduler", _nothing_alive_but("worker"), "processes", ("0 schedulers",), "warning"),
    BrokenSetup("there is no worker", _nothing_alive_but("scheduler"), "processes", ("0 workers",), "warning"),
    BrokenSetup("no job is planned", _nothing_planned, "schedules", ("No job", "desk scheduler"), "warning"),
    BrokenSetup("a job is late", _a_job_is_late, "schedules", ("Late: auto_release",), "warning"),
    BrokenSetup("there is no backup", _old_backup, "backups", ("backup",)),
    BrokenSetup("SECRET_KEY is missing", _in_production(SECRET_KEY=""), "settings", ("SECRET_KEY",)),
    BrokenSetup("SECRET_KEY is short", _in_production(SECRET_KEY="short"), "settings", ("SECRET_KEY", "32")),
    BrokenSetup("no host is named", _in_production(TRUSTED_HOSTS=""), "settings", ("TRUSTED_HOSTS",)),
    BrokenSetup(
        "a key is of the test mode",
        _in_production(PAYSTACK_SECRET_KEY="sk_" + "test_" + "0" * 32),
        "providers",
        ("test",),
    ),
    BrokenSetup("Blnk is away", _no_blnk, "ledger", ("Blnk",)),
    BrokenSetup("the identity provider is away", _no_identity_provider, "sign-in", ("OIDC_ISSUER",)),
)
