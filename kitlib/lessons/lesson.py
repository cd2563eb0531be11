"""A lesson: a namespace of its own, what its exercises begin from, and the exercises."""

from __future__ import annotations

import html

from kitlib.cluster import Cluster
from kitlib.faults.places import fake
from kitlib.lessons import place
from kitlib.lessons.catalogue import Section, section
from kitlib.lessons.exercise import Exercise
from kitlib.lessons.progress import Progress
from kitlib.progress import say, stage


class Lesson:
    """A lesson that was begun.

    Args:
        section: what it consists of.
        cluster: bound to its namespace.
        progress: where outcomes are kept.
    """

    def __init__(self, section: Section, cluster: Cluster, progress: Progress) -> None:
        self.section = section
        self.cluster = cluster
        self._progress = progress
        self.exercises = tuple(Exercise(task, cluster, progress) for task in section.tasks)

    @property
    def namespace(self) -> str:
        """Where it is."""
        return self.cluster.namespace

    def reset(self) -> Lesson:
        """Remove all that was made in the lesson, and begin it again; progress is kept."""
        with stage(f"begin lesson {self.section.number} anew"):
            place.leave(self.cluster, wait=True)
            return start(self.section.number, self.cluster, self._progress)

    def clean_up(self) -> None:
        """Remove the lesson's namespace in the background; one that it did not make is emptied."""
        place.leave(self.cluster)

    def runs_containers(self, what: str) -> bool:
        """Whether programs run on the cluster's nodes; where they don't, says what can't be shown.

        Args:
            what: which needs them, such as `an answer from a pod`.
        """
        real = not all(map(fake, self.cluster.list("Node")))
        if not real:
            say(f"{what}: not on this cluster, whose nodes run no containers; kit cluster up --provider kind")
        return real

    def __repr__(self) -> str:
        lines = [f"Lesson {self.section.number}: {self.section.title}, in namespace {self.namespace}"]
        return "\n".join([*lines, *(f"  {e.task.id} {e.task.title}" for e in self.exercises)])

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(f'{e.task.id} {e.task.title}')}</li>" for e in self.exercises)
        head = f"Lesson {self.section.number}: {self.section.title}"
        return f"<b>{html.escape(head)}</b>, in namespace <code>{self.namespace}</code><ul>{items}</ul>"


def start(number: str, cluster: Cluster | None = None, progress: Progress | None = None) -> Lesson:
    """Begin a lesson, or go on with one that was begun.

    Args:
        number: such as `03`.
        cluster: none: as `kitlib.connect`.
        progress: where outcomes are kept; none: in kit's state folder.

    Raises:
        UsageError: there is no such lesson; kit knows no cluster; or the lesson's namespace is another's.
        ClusterError: the cluster does not answer, or refuses.
    """
    chosen = section(number)
    where = place.enter(f"lesson-{number}", cluster)
    if place.begun(where, f"lesson-{number}") is None:
        where.apply(chosen.setup(where) or [], force=True)
        place.mark(where, f"lesson-{number}")
    return Lesson(chosen, where, progress or Progress())
