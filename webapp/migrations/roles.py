"""PostgreSQL's roles: who changes tables, who works with rows and never changes ledger and audit, who only reads.

`desk roles` prints the script that makes them; `desk migrate` grants anew, so that tables of a new version are covered.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from webapp.migrations.anywhere import EXTENSION

MIGRATE, APP, READ = "desk_migrate", "desk_app", "desk_read"

WRITTEN_ONCE = ("transfer", "entry", "audit", "audit_seal")
"""What the desk adds to, and nobody changes: the triggers refuse it, and `desk_app` has not even the right."""
_OF_MIGRATIONS = ("alembic_version",)
_NEVER_READ = (
    "api_token",
    "desk_user",
    "failed_login",
    "idempotency",
    "passkey",
    "passkey_challenge",
    "provider_token",
    "user_identity",
    "user_session",
    "webhook_endpoint",
)
"""Hashes, keys and answers with secrets in them, which are nothing for charts and exports."""


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{each}'" for each in names)


GRANTS = f"""DO $roles$
DECLARE
  place text := quote_ident(current_schema());
  name text;
BEGIN
  EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %s FROM {APP}, {READ}', place);
  EXECUTE format('GRANT USAGE ON SCHEMA %s TO {APP}, {READ}', place);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %s TO {APP}', place);
  EXECUTE format('GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA %s TO {APP}', place);
  EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA %s TO {APP}', place);
  EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %s TO {READ}', place);
  FOREACH name IN ARRAY ARRAY[{_listed(WRITTEN_ONCE)}] LOOP
    CONTINUE WHEN to_regclass(format('%s.%I', place, name)) IS NULL;
    EXECUTE format('REVOKE UPDATE, DELETE ON %s.%I FROM {APP}', place, name);
  END LOOP;
  FOREACH name IN ARRAY ARRAY[{_listed(_OF_MIGRATIONS)}] LOOP
    CONTINUE WHEN to_regclass(format('%s.%I', place, name)) IS NULL;
    EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON %s.%I FROM {APP}', place, name);
  END LOOP;
  FOREACH name IN ARRAY ARRAY[{_listed(_NEVER_READ)}] LOOP
    CONTINUE WHEN to_regclass(format('%s.%I', place, name)) IS NULL;
    EXECUTE format('REVOKE SELECT ON %s.%I FROM {READ}', place, name);
  END LOOP;
END $roles$"""
"""Whole and exact each time: what was granted by hand besides is gone. The owner of the tables carries it out."""

SCRIPT = f"""-- The desk's roles. A superuser makes them in the desk's database, with tables or without, once or more:
--   desk roles | psql --set ON_ERROR_STOP=1 --single-transaction DATABASE
-- Their passwords are set by \\password ROLE in psql.
DO $make$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['{MIGRATE}', '{APP}', '{READ}'] LOOP
    BEGIN
      EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', name);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      NULL;
    END;
  END LOOP;
END $make$;

-- What a search for a part of a reference needs; without it references are found by how they begin.
DO $search$
BEGIN
  CREATE EXTENSION IF NOT EXISTS {EXTENSION};
EXCEPTION WHEN OTHERS THEN
  RAISE NOTICE '%: references are found by how they begin', SQLERRM;
END $search$;

-- All that is there belongs to {MIGRATE}, and nobody else makes anything.
DO $own$
DECLARE
  place text := quote_ident(current_schema());
  each record;
BEGIN
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO {MIGRATE}, {APP}, {READ}', current_database());
  -- Imports are staged in temporary tables.
  EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO {MIGRATE}, {APP}', current_database());
  EXECUTE format('REVOKE ALL ON SCHEMA %s FROM PUBLIC', place);
  EXECUTE format('ALTER SCHEMA %s OWNER TO {MIGRATE}', place);
  FOR each IN
    SELECT c.oid::regclass AS name FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                    AND d.deptype IN ('a', 'e', 'i'))
  LOOP
    EXECUTE format('ALTER TABLE %s OWNER TO {MIGRATE}', each.name);
  END LOOP;
  FOR each IN
    SELECT p.oid::regprocedure AS name FROM pg_proc p
    WHERE p.pronamespace = current_schema()::regnamespace
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                    AND d.deptype = 'e')
  LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO {MIGRATE}', each.name);
  END LOOP;
END $own$;

{GRANTS};
"""


def grant(connection: Connection) -> bool:
    """Grant what each role may, where there are these roles and the tables are one's own; returns whether they were."""
    if connection.dialect.name != "postgresql":
        return False
    question = text(
        "SELECT count(*) = 2 AND pg_has_role(tableowner, 'USAGE') FROM pg_roles, pg_tables"
        f" WHERE rolname IN ('{APP}', '{READ}') AND schemaname = current_schema() AND tablename = 'alembic_version'"
        " GROUP BY tableowner"
    )
    if not connection.scalar(question):
        return False
    connection.execute(text(GRANTS))
    return True
