#!/bin/sh
# Makes the secrets of deploy/compose.yaml in the folder `secrets` beside this file, once: what is there stays. The
# certificate is one that nobody trusts: put yours in its place.
set -eu
umask 077
folder=$(cd "$(dirname "$0")" && pwd)/secrets
mkdir -p "$folder"
cd "$folder"
random() { openssl rand -hex 32; }
once() { test -s "$1" || cat > "$1"; }
once secret_key <<END
$(random)
END
for name in postgres_password desk_app_password desk_migrate_password desk_proof_password redis_password; do
    once "$name" <<END
$(random)
END
done
once database_url <<END
postgresql://desk_app:$(cat desk_app_password)@postgres:5432/desk
END
once migrate_database_url <<END
postgresql://desk_migrate:$(cat desk_migrate_password)@postgres:5432/desk
END
once backup_proof_url <<END
postgresql://desk_proof:$(cat desk_proof_password)@postgres:5432/postgres
END
once redis_url <<END
redis://:$(cat redis_password)@redis:6379/0
END
once redis_conf <<END
appendonly yes
appendfsync everysec
maxmemory 512mb
maxmemory-policy noeviction
protected-mode yes
dir /data
requirepass $(cat redis_password)
END
if ! test -s tls_key; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 -subj "/CN=${DESK_HOST:-localhost}" \
        -addext "subjectAltName=DNS:${DESK_HOST:-localhost}" -keyout tls_key -out tls_certificate 2> /dev/null
fi
# Compose mounts each file as it is, and the containers' users are others. On this host nobody else gets past the folder.
chmod 644 ./*
chmod 700 .
