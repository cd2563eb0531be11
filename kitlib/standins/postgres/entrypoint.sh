#!/bin/bash
# What the application relies on of the official image's entrypoint: POSTGRES_USER, POSTGRES_PASSWORD,
# POSTGRES_DB and PGDATA; a database is made on the first start and never again.
set -euo pipefail

[ "$1" = postgres ] || exec "$@"

if [ "$(id -u)" = 0 ]; then
  install -d -o postgres -g postgres -m 0700 "$(dirname "$PGDATA")"
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

if [ ! -e "$PGDATA/PG_VERSION" ]; then
  user=${POSTGRES_USER:-postgres}
  database=${POSTGRES_DB:-$user}
  : "${POSTGRES_PASSWORD:?the first start needs POSTGRES_PASSWORD}"
  # Made beside its place and renamed when whole: a kill in between leaves nothing that looks like a database.
  new=$PGDATA.new
  rm -rf "$new"
  initdb --pgdata="$new" --username="$user" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") \
    --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8
  echo 'host all all all scram-sha-256' >> "$new/pg_hba.conf"
  if [ "$database" != postgres ]; then
    printf 'CREATE DATABASE "%s"\n' "${database//\"/\"\"}" | postgres --single -j -D "$new" postgres
  fi
  sync
  [ ! -d "$PGDATA" ] || rmdir "$PGDATA"
  mv "$new" "$PGDATA"
  sync
fi

shift
exec postgres -D "$PGDATA" -c listen_addresses='*' "$@"
