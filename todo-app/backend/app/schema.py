"""The database's schema and the one that this code needs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, made here so that the image needs no alembic.ini.

    Args:
        connection: what the migrations run on; they are not committed by env.py's caller but by env.py.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(alembic_config())


def head() -> str:
    """The newest revision that this code knows."""
    revision = _scripts().get_current_head()
    assert revision is not None
    return revision


def current(connection: Connection) -> str | None:
    """The database's revision; None before the first migration."""
    return MigrationContext.configure(connection).get_current_revision()


def is_newer(revision: str | None) -> bool:
    """Whether a revision is unknown here: a newer release migrated, and this is a roll-back."""
    return revision is not None and revision not in {
        script.revision for script in _scripts().walk_revisions()
    }


def problem(connection: Connection) -> str | None:
    """Why the schema won't do, or None: it is at head, or a newer release's, which must stay compatible."""
    revision = current(connection)
    if revision == head() or is_newer(revision):
        return None
    return f"the schema is at {revision or 'no revision'} and {head()} is needed; run python -m app.migrate"
