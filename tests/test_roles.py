"""PostgreSQL's roles: desk_app does the desk's work and can't change its records, desk_read only reads."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import func, select, text

from tests.conftest import settings_for
from tests.support.market import AMINA, DIVINE, LATER, Market
from tests.support.postgresql import Server
from webapp import health_checks
from webapp.cli import main
from webapp.database_address import libpq_address
from webapp.domain.actors import job_actor
from webapp.domain.disputes.resolutions import DisputeResolution
from webapp.migrations import roles, upgrade
from webapp.models import Audit, Escrow
from webapp.runtime import Runtime, build_runtime
from webapp.services.audit import redaction, verification
from webapp.services.audit.redaction import NewText
from webapp.services.disputes import disputes
from webapp.services.escrows import release
from webapp.services.ledger import integrity_checks
from webapp.services.monitoring import database_rights


@dataclass
class Roles:
    """One database and its roles."""

    url: str

    def address(self, role: str) -> str:
        return self.url.replace("postgres@/", f"{role}@/")

    def connect(self, role: str) -> psycopg.Connection:
        return psycopg.connect(libpq_address(self.address(role)), autocommit=True)


@pytest.fixture(scope="module")
def database(pg: Server) -> Iterator[Roles]:
    """A migrated database to which the script was applied."""
    found = Roles(pg.original())
    with found.connect("postgres") as connection:
        connection.execute(roles.SCRIPT)
    yield found
    pg.drop(found.url)


@pytest.fixture
def app(database: Roles, tmp_path: Path) -> Iterator[Runtime]:
    """A desk that connects as desk_app."""
    made = build_runtime(settings_for(database.address(roles.APP), tmp_path))
    yield made
    made.db.close()


def test_desk_app_releases_decides_redacts_and_seals(app: Runtime) -> None:
    with app.db.transaction() as session:
        market = Market(session, app)
        assert session.scalar(select(func.current_user())) == roles.APP
        market.limit(1_000_000)
        paid, disputed = market.escrow(), market.escrow()
        dispute = market.dispute(disputed)
        found = paid.id, disputed.id, dispute.id
    with app.db.transaction() as session:
        outcome = release.release_all(session, list(found[:2]), at=LATER, actor=job_actor("auto_release"), reason="due")
        assert outcome.done == 1
        refund = DisputeResolution("refund_to_buyer", "evidence_for_buyer", "Nothing came, and the seller says so.")
        disputes.resolve(session, found[2], refund, version=1, at=LATER, actor=AMINA, settings=app.settings)
    with app.db.transaction() as session:
        record = session.scalars(select(func.min(Audit.id))).one()
        redaction.begin(session)
        gone = {record: NewText("Gone.", None, None)}
        keys = app.settings.audit_keys
        assert redaction.redact(session, gone, keys=keys, at=LATER, actor=DIVINE, reason="Asked to.") == 1
    with app.db.reading() as session:
        assert session.get_one(Audit, record).reason == "Gone."
        assert {session.get_one(Escrow, each).status for each in found[:2]} == {"released", "refunded"}
        assert verification.verify(session, keys).problems == []
        assert list(integrity_checks.checks(session)) == []


@pytest.mark.parametrize("table", roles.WRITTEN_ONCE)
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}", "TRUNCATE {} CASCADE"])
def test_desk_app_has_no_right_to_change_what_is_written_once(database: Roles, table: str, statement: str) -> None:
    column = "seq" if table == "audit_seal" else "id"
    refused(database, roles.APP, statement.format(table, column, column))


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "ALTER TABLE escrow ADD COLUMN mine int",
        "ALTER TABLE entry DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_once ON audit",
        "DROP TABLE escrow",
        "TRUNCATE escrow CASCADE",
        "CREATE INDEX ON escrow (id)",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA mine",
        "SET ROLE desk_migrate",
        "SET session_replication_role = replica",
        "UPDATE alembic_version SET version_num = version_num",
    ],
)
def test_desk_app_changes_no_table_no_trigger_and_no_right(database: Roles, statement: str) -> None:
    refused(database, roles.APP, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO event DEFAULT VALUES",
        "UPDATE escrow SET id = id",
        "DELETE FROM run",
        "CREATE TABLE mine (id int)",
        "CREATE TEMPORARY TABLE mine (id int)",
        "SELECT password FROM desk_user",
        "SELECT 1 FROM api_token",
        "SELECT 1 FROM user_session",
        "SELECT redact_audit(1, '', '', '')",
    ],
)
def test_desk_read_changes_nothing_and_sees_no_secret(database: Roles, statement: str) -> None:
    refused(database, roles.READ, statement)


def test_desk_read_reads_money_and_records(database: Roles) -> None:
    with database.connect(roles.READ) as connection:
        for table in ("transfer", "entry", "account", "escrow", "audit", "run"):
            connection.execute(f"SELECT count(*) FROM {table}")


def test_nobody_else_comes_in(database: Roles) -> None:
    with database.connect("postgres") as connection:
        connection.execute("DROP ROLE IF EXISTS somebody_else")
        connection.execute("CREATE ROLE somebody_else LOGIN")
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            database.connect("somebody_else")
        connection.execute("DROP ROLE somebody_else")


def test_tables_of_a_new_version_are_granted_by_the_migration(pg: Server, tmp_path: Path) -> None:
    """Roles first, then tables: as desk_migrate, on a database that is empty."""
    empty = Roles(pg.empty_database())
    with empty.connect("postgres") as connection:
        connection.execute(roles.SCRIPT)
    upgrade(empty.address(roles.MIGRATE))
    assert rights_of(empty, roles.APP, tmp_path).lacks != ()
    owner = build_runtime(settings_for(empty.address(roles.MIGRATE), tmp_path))
    with owner.db.transaction() as session:
        session.execute(text("CREATE TABLE of_a_new_version (id int)"))
        assert roles.grant(session.connection())
    owner.db.close()
    found = rights_of(empty, roles.APP, tmp_path)
    assert (found.role, found.is_superuser, found.may_make_tables, found.may_change, found.lacks) == (
        roles.APP,
        False,
        False,
        (),
        (),
    )
    pg.drop(empty.url)


def test_who_does_not_own_the_tables_grants_nothing(app: Runtime, sqlite_runtime: Runtime) -> None:
    for desk in (app, sqlite_runtime):
        with desk.db.transaction() as session:
            assert not roles.grant(session.connection())


def test_the_doctor_warns_of_a_role_that_could_change_the_records(
    app: Runtime, pg_runtime: Runtime, sqlite_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pg_runtime.settings, "env", "production")
    found = health_checks.rights(pg_runtime)
    assert found.verdict == "warning"
    records = "audit, audit_seal, entry, transfer"
    assert found.found == f"postgres is a superuser and can make tables and can change {records}."
    assert health_checks.rights(app) == health_checks.CheckResult("rights", "ok", "desk_app can do its work.")
    assert health_checks.rights(sqlite_runtime).verdict == "ok"


def test_the_doctor_says_what_a_role_lacks(database: Roles, app: Runtime) -> None:
    with database.connect(roles.MIGRATE) as owner:
        owner.execute("REVOKE INSERT ON dispute FROM desk_app")
        found = health_checks.rights(app)
        assert (found.verdict, found.found) == ("wrong", "desk_app can't work with dispute.")
        owner.execute("GRANT INSERT ON dispute TO desk_app")
    assert health_checks.rights(app).verdict == "ok"


def test_the_command_prints_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    result = CliRunner().invoke(main, ["roles"])
    assert (result.exit_code, result.output) == (0, roles.SCRIPT)


def rights_of(database: Roles, role: str, folder: Path) -> database_rights.Rights:
    desk = build_runtime(settings_for(database.address(role), folder))
    with desk.db.reading() as session:
        found = database_rights.of_this_role(session)
    desk.db.close()
    assert found
    return found


def refused(database: Roles, role: str, statement: str) -> None:
    with database.connect(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)
