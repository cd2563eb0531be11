#!/bin/sh
# Restores one backup into a fresh database, and compares the rows of each table with those of the backup.
set -eu
cd "/backups/$BACKUP"
sha256sum --check --quiet dump.sha256
createdb "$TARGET"
verified=false
finish() {
  # What was not found equal never stays, so that nobody takes it for the data.
  if [ "$verified" != true ] || [ "$KEEP" != true ]; then dropdb --force "$TARGET"; fi
}
trap finish EXIT

pg_restore --exit-on-error --single-transaction --no-owner --dbname="$TARGET" dump
psql --no-psqlrc --quiet --no-align --tuples-only --set ON_ERROR_STOP=1 --dbname="$TARGET" \
  --output=/tmp/rows <<'SQL'
SELECT format('SELECT %L, count(*) FROM %I.%I', schemaname || '.' || tablename, schemaname, tablename)
FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1 \gexec
SQL
diff rows /tmp/rows
verified=true
sed 's/^/rows /' /tmp/rows
echo "size $(stat -c %s dump)"
echo "sha256 $(cut -d ' ' -f 1 dump.sha256)"
