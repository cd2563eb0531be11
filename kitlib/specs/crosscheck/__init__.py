"""Holds an application's specifications against one another."""

from __future__ import annotations

from collections.abc import Mapping

from kitlib.findings import Finding
from kitlib.specs.crosscheck import operations, platform, services
from kitlib.specs.crosscheck.documents import Documents
from kitlib.specs.models.base import SpecModel
from kitlib.specs.problems import Loc
from kitlib.specs.result import Reading


def check(readings: Mapping[Loc, Reading[SpecModel]]) -> list[Finding]:
    """All that the documents say differently; one with errors of its own is left out until they are mended.

    Args:
        readings: by their path in an application.
    """
    documents = Documents(readings)
    return [
        *services.check(documents),
        *platform.check(documents),
        *operations.check(documents),
    ]
