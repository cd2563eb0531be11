#!/bin/sh
# Writes one backup: the dump, its SHA-256, and the rows of each table as the dump has them.
set -eu
umask 077
place="/backups/$BACKUP"
mkdir "$place.part"
cd "$place.part"

# The rows are counted, and the dump is made, in one snapshot, so that they agree while others write:
# postgresql.org/docs/15/functions-admin.html, section 9.27.5.
psql --no-psqlrc --quiet --no-align --tuples-only --set ON_ERROR_STOP=1 <<'SQL'
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT pg_export_snapshot() AS snapshot \gset
\setenv SNAPSHOT :snapshot
\! pg_dump --format=custom --snapshot="$SNAPSHOT" --file=dump && touch whole
\o rows
SELECT format('SELECT %L, count(*) FROM %I.%I', schemaname || '.' || tablename, schemaname, tablename)
FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1 \gexec
COMMIT;
SQL
rm whole  # it is there only when pg_dump succeeded
sha256sum dump > dump.sha256
sync

# A backup has its name only once it is whole.
mv "$place.part" "$place"
cd "$place"
sed 's/^/rows /' rows
echo "size $(stat -c %s dump)"
echo "sha256 $(cut -d ' ' -f 1 dump.sha256)"
