"""Specifications: read, validated, and published as JSON Schemas.

    read(path)                one document, whichever kind it is: a Reading
    read_application(folder)  all of an application's, held against one another: a Reading of an Application
    schema(kind)              a kind's JSON Schema

The names are loaded when they are first used: the models take a while.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kitlib.specs.application import Application
    from kitlib.specs.folder import read_application
    from kitlib.specs.reading import read
    from kitlib.specs.result import Reading
    from kitlib.specs.schemas import schema

__all__ = ["Application", "Reading", "read", "read_application", "schema"]
_HOMES = {
    "Application": "application",
    "Reading": "result",
    "read": "reading",
    "read_application": "folder",
    "schema": "schemas",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
