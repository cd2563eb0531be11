"""The application's database is backed up, loses rows, and gets them back from the backup."""

from __future__ import annotations

import base64
import re

import papermill
import pytest
from runbooks_kind import evidence, keep_records, kubectl, never, run, texts

from kitlib.errors import PrecheckFailed
from kitlib.operations import databases
from kitlib.runbooks import catalogue
from kitlib.settings import get_settings

DATABASE, CLAIM = "todo-app-postgresql", "test-backups"
ROWS = "INSERT INTO canary SELECT n, 'row ' || n FROM generate_series(1, 1200) n"


@pytest.fixture
def place(app, tmp_path, monkeypatch):
    """The application with a table of 1200 rows; all that the runbooks made is removed afterwards."""
    keep_records(monkeypatch, tmp_path)
    app.wait("StatefulSet", DATABASE)
    sql(app, "DROP TABLE IF EXISTS canary; CREATE TABLE canary (n int PRIMARY KEY, said text)")
    sql(app, ROWS)
    yield app
    sql(app, "DROP TABLE canary")
    for name in restored(app):
        sql(app, f'DROP DATABASE "{name}"', "postgres")
    for kind in ("Job", "NetworkPolicy", "PersistentVolumeClaim"):
        for item in app.list(kind, labels=databases.LABEL):
            app.delete(kind, item.name)
    get_settings.cache_clear()


def sql(app, statement, database="todoapp"):
    command = ["psql", "-U", "todoapp", "-d", database, "-Atqc", statement]
    return kubectl(app, "exec", f"statefulset/{DATABASE}", "--", *command).stdout.strip()


def rows(app, database="todoapp"):
    return sql(app, "SELECT count(*) FROM canary", database)


def restored(app):
    return sql(app, "SELECT datname FROM pg_database WHERE datname LIKE 'restored_%'", "postgres").split()


def back_up(app, approve=lambda change: True):
    return run("database-backup", approve, namespace=app.namespace, claim=CLAIM)


def restore(app, backup, approve=lambda change: True, **given):
    return run("database-restore", approve, namespace=app.namespace, claim=CLAIM, backup=backup, **given)


def name_of(result):
    return result.record["message"].split()[1]


def test_lost_rows_come_back_from_a_backup_into_a_database_of_its_own(place):
    with pytest.raises(PrecheckFailed, match=CLAIM):  # there is no backup yet
        restore(place, "20260101-000000", never)
    password = base64.b64decode(place.get("Secret", DATABASE)["data"]["password"]).decode()

    made = back_up(place)
    assert made.exit_code == 0, made.record["message"]
    assert f"apply PersistentVolumeClaim/{CLAIM} -n {place.namespace}" in texts(made)
    assert texts(made)[-1] == f"apply Job/{DATABASE}-backup-{name_of(made)} -n {place.namespace}"
    held = evidence(made, "What the backup holds")
    assert "public.canary: 1200" in held
    assert len(held.split("sha256: ")[1].split()[0]) == 64

    sql(place, "DELETE FROM canary")  # the fault
    assert rows(place) == "0"

    proof = restore(place, name_of(made))  # verified, then dropped
    assert proof.exit_code == 0, proof.record["message"]
    assert "equal to the backup" in proof.record["message"]
    assert restored(place) == []

    back = restore(place, name_of(made), keep=True)
    assert back.exit_code == 0, back.record["message"]
    (database,) = restored(place)
    assert database in back.record["message"]
    assert rows(place, database) == "1200"
    assert rows(place) == "0"  # the live database is never touched

    encoded = base64.b64encode(password.encode()).decode()
    for folder in (made.folder, back.folder):
        for path in (path for path in folder.rglob("*") if path.is_file()):
            assert password not in path.read_text(), path.name
            assert encoded not in path.read_text(), path.name

    again = back_up(place)  # the claim is there now
    assert again.exit_code == 0, again.record["message"]
    assert [text.split("/")[0] for text in texts(again)] == ["apply Job"]
    assert "public.canary: 0" in evidence(again, "What the backup holds")


def test_a_damaged_backup_is_refused_and_leaves_no_database(place):
    made = back_up(place)
    assert made.exit_code == 0, made.record["message"]
    source = databases.server(place, DATABASE)
    spoil = "printf x >> /backups/$BACKUP/dump; echo size 0; echo sha256 none"
    pod = databases._pod(source, CLAIM, spoil, {"BACKUP": name_of(made)})
    labels = {databases.LABEL: source.name}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "spoil", "labels": labels}}
    place.apply(job | {"spec": {"template": {"metadata": {"labels": labels}, "spec": pod}}})
    place.wait("Job", "spoil")
    refused = restore(place, name_of(made), keep=True)
    assert refused.exit_code == 1
    assert "dump: FAILED" in refused.record["message"]
    assert restored(place) == []

    unknown = restore(place, "20200101-000000")
    assert unknown.exit_code == 1
    assert "20200101-000000" in unknown.record["message"]


def by_papermill(folder, name, given):
    """Plan, then carry out the plan's hash, as a person does with plain papermill."""
    book = str(catalogue.find(name).path)
    planned, applied = folder / f"{name}-plan.ipynb", folder / f"{name}-apply.ipynb"
    papermill.execute_notebook(book, str(planned), given, progress_bar=False)
    given = given | {"approve": re.search(r"plan ([0-9a-f]{32})", planned.read_text())[1]}
    papermill.execute_notebook(book, str(applied), given, progress_bar=False)
    return applied.read_text()


def test_plain_papermill_backs_up_and_restores(place, tmp_path):
    given = {"namespace": place.namespace, "claim": CLAIM}
    said = by_papermill(tmp_path, "database-backup", given)
    backup = re.search(r"backup ([0-9]{8}-[0-9]{6}) of", said)[1]
    said = by_papermill(tmp_path, "database-restore", given | {"backup": backup})
    assert "equal to the backup" in said
    assert restored(place) == []


def test_what_is_no_database_is_refused_before_anything_is_planned(place):
    result = run("database-backup", never, namespace=place.namespace, database="todo-app-redis")
    assert result.exit_code == 1
    assert "no container has POSTGRES_DB" in result.record["message"]


def test_nothing_is_written_without_an_approval(place):
    result = back_up(place, lambda change: False)
    assert result.exit_code == 4
    assert place.find("PersistentVolumeClaim", CLAIM) is None
