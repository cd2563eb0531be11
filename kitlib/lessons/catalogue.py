"""Which lessons there are."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from kitlib.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kitlib.cluster import Cluster
    from kitlib.lessons.exercise import Task


@dataclass(frozen=True)
class Section:
    """A lesson as data.

    Args:
        number: two digits, as in its notebook's name.
        title: its name.
        tasks: its exercises.
        setup: gives the objects that they begin from.
    """

    number: str
    title: str
    tasks: tuple[Task, ...]
    setup: Callable[[Cluster], list[dict[str, Any]]] = field(default=lambda _: [])


@lru_cache(maxsize=1)
def sections() -> dict[str, Section]:
    """Every lesson, by its number."""
    from kitlib.lessons.exercises import (
        architecture,
        assistance,
        basics,
        containers,
        helm,
        infrastructure,
        local_clusters,
        tour,
    )

    every = (tour, architecture, containers, basics, helm, local_clusters, assistance, infrastructure)
    return {module.SECTION.number: module.SECTION for module in every}


def section(number: str) -> Section:
    """The lesson of that number.

    Raises:
        UsageError: there is none.
    """
    found = sections().get(number)
    if found is None:
        raise UsageError(f"there is no lesson {number!r}; there are {', '.join(sections())}")
    return found


def titles() -> dict[str, str]:
    """The title of every exercise and lab, by id, in the order of the course."""
    from kitlib.lessons.labs import catalogue as labs

    found = {task.id: task.title for item in sections().values() for task in item.tasks}
    return found | {f"lab-{lab.number}": lab.title for lab in labs.plans()}
