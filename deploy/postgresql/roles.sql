-- The desk's roles. A superuser makes them in the desk's database, with tables or without, once or more:
--   desk roles | psql --set ON_ERROR_STOP=1 --single-transaction DATABASE
-- Their passwords are set by \password ROLE in psql.
DO $make$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['desk_migrate', 'desk_app', 'desk_read'] LOOP
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
  CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION WHEN OTHERS THEN
  RAISE NOTICE '%: references are found by how they begin', SQLERRM;
END $search$;

-- All that is there belongs to desk_migrate, and nobody else makes anything.
DO $own$
DECLARE
  place text := quote_ident(current_schema());
  each record;
BEGIN
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO desk_migrate, desk_app, desk_read', current_database());
  -- Imports are staged in temporary tables.
  EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO desk_migrate, desk_app', current_database());
  EXECUTE format('REVOKE ALL ON SCHEMA %s FROM PUBLIC', place);
  EXECUTE format('ALTER SCHEMA %s OWNER TO desk_migrate', place);
  FOR each IN
    SELECT c.oid::regclass AS name FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                    AND d.deptype IN ('a', 'e', 'i'))
  LOOP
    EXECUTE format('ALTER TABLE %s OWNER TO desk_migrate', each.name);
  END LOOP;
  FOR each IN
    SELECT p.oid::regprocedure AS name FROM pg_proc p
    WHERE p.pronamespace = current_schema()::regnamespace
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                    AND d.deptype = 'e')
  LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO desk_migrate', each.name);
  END LOOP;
END $own$;

DO $roles$
DECLARE
  place text := quote_ident(current_schema());
  name text;
BEGIN
  EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %s FROM desk_app, desk_read', place);
  EXECUTE format('GRANT USAGE ON SCHEMA %s TO desk_app, desk_read', place);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %s TO desk_app', place);
  EXECUTE format('GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA %s TO desk_app', place);
  EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA %s TO desk_app', place);
  EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %s TO desk_read', place);
  FOREACH name IN ARRAY ARRAY['transfer', 'entry', 'audit', 'audit_seal'] LOOP
    CONTINUE WHEN to_regclass(format('%s.%I', place, name)) IS NULL;
    EXECUTE format('REVOKE UPDATE, DELETE ON %s.%I FROM desk_app', place, name);
  END LOOP;
  FOREACH name IN ARRAY ARRAY['alembic_version'] LOOP
    CONTINUE WHEN to_regclass(format('%s.%I', place, name)) IS NULL;
    EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON %s.%I FROM desk_app', place, name);
  END LOOP;
  FOREACH name IN ARRAY ARRAY['api_token', 'desk_user', 'failed_login', 'idempotency', 'passkey', 'passkey_challenge', 'provider_token', 'user_identity', 'user_session', 'webhook_endpoint'] LOOP
    CONTINUE WHEN to_regclass(format('%s.%I', place, name)) IS NULL;
    EXECUTE format('REVOKE SELECT ON %s.%I FROM desk_read', place, name);
  END LOOP;
END $roles$;
