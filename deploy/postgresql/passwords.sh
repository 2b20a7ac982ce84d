#!/bin/sh
# Runs once, when PostgreSQL's container makes its data, after roles.sql: the passwords of the roles come from secrets.
# `desk_proof` may make the scratch database in which each backup is proven, and comes into no other.
set -eu
psql --set ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<END
CREATE ROLE desk_proof LOGIN CREATEDB;
\set app \`cat /run/secrets/desk_app_password\`
\set migrate \`cat /run/secrets/desk_migrate_password\`
\set proof \`cat /run/secrets/desk_proof_password\`
ALTER ROLE desk_app PASSWORD :'app';
ALTER ROLE desk_migrate PASSWORD :'migrate';
ALTER ROLE desk_proof PASSWORD :'proof';
END
