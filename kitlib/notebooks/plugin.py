"""The pytest plugin: `pytest --kit-notebooks`. What it does is told in kitlib/notebooks/__init__.py."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kitlib.notebooks.items import KitNotebook

SPLITTING = ("load", "worksteal", "loadgroup")  # ways of xdist that give a file's tests to several processes


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options."""
    group = parser.getgroup("kit", "notebooks, by kitlib")
    group.addoption(
        "--kit-notebooks", action="store_true", help="Run notebooks, and compare the cells that are tagged."
    )
    group.addoption(
        "--kit-cell-timeout", type=float, default=120.0, metavar="SECONDS", help="What a cell may take: 120."
    )
    group.addoption(
        "--kit-namespaces", action="store_true", help="A namespace of kit's cluster for each notebook."
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """One runner for notebooks; and a notebook's cells stay together, whatever xdist was told."""
    if not config.getoption("--kit-notebooks"):
        return
    if config.getoption("--nbval", False) or config.getoption("--nbval-lax", False):
        raise pytest.UsageError(
            "--kit-notebooks runs the notebooks itself: leave out --nbval and --nbval-lax"
        )
    if config.getoption("dist", "no") in SPLITTING:
        config.option.dist = "loadscope"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> KitNotebook | None:
    """A notebook is a collection of cells."""
    wanted = parent.config.getoption("--kit-notebooks") and file_path.suffix == ".ipynb"
    if not wanted:
        return None
    from kitlib.notebooks.items import KitNotebook
    from kitlib.notebooks.refresh import runnable

    if not runnable(file_path):
        return None

    notebook: KitNotebook = KitNotebook.from_parent(parent, path=file_path)
    return notebook
