"""Keeps a library from importing what it would use if it were there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import cast


@contextmanager
def without(name: str) -> Iterator[None]:
    """Let `import name` fail inside the block, as if it were not installed; nothing of that stays.

    The client `kubernetes` tries `import kubernetes_validate` for a method that kit never calls, and
    jsonschema, which papermill loads, `import rfc3987_syntax` for a format that no notebook has. Each ends in
    compiling the grammar of internationalised addresses: more than a second for each command or run.
    """
    if name in sys.modules:
        yield
        return
    modules = cast("dict[str, ModuleType | None]", sys.modules)
    modules[name] = None  # docs.python.org/3/reference/import.html, "the module cache": None makes it fail
    try:
        yield
    finally:
        modules.pop(name, None)
