"""Helps the tests of artifacts: the application's own specifications, and variants of them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from kitlib.artifacts import render
from kitlib.specs import read_application
from kitlib.specs.application import Application

ROOT = Path(__file__).parents[2]
SPECS = ROOT / "todo-app/specs"


@lru_cache(maxsize=1)
def application() -> Application:
    """The application as its specifications say."""
    reading = read_application(SPECS)
    assert reading.spec is not None, reading.findings
    return reading.spec


def with_container(name: str, **changes: object) -> Application:
    """The application with some fields of a container changed."""
    app = application()
    container = app.containers[name].model_copy(update=changes)
    return app.model_copy(update={"containers": app.containers | {name: container}})


def rendered(app: Application | None = None) -> dict[str, str]:
    """The rendered texts, without headers, by path."""
    return {artifact.path: artifact.text for artifact in render(app or application())}
