"""The course: lessons with exercises that read the cluster, and labs in which something is broken.

    >>> from kitlib import lessons
    >>> lesson = lessons.start("03")      # a namespace of its own, with what its exercises begin from
    >>> q1, *_ = lesson.exercises
    >>> q1.check()                        # observed, expected, and the kubectl command that shows it
    >>> q1.hint(); q1.solution()
    >>> lesson.reset(); lesson.clean_up()
    >>> lessons.start_lab("05")           # break and fix: name the cause, mend it
    >>> lessons.progress()

`____` stands for what a learner fills in; while it is there, a check says so, changes nothing, and fails
nothing. `%load_ext kitlib` brings %kubectl, %helm and %kit. Changes go through Cluster's verbs, and so
through the policy gate, as a person's.
"""

from kitlib.lessons.exercise import Exercise, Task
from kitlib.lessons.labs.lab import Lab, start_lab
from kitlib.lessons.lesson import Lesson, start
from kitlib.lessons.outcome import Result, ____
from kitlib.lessons.progress import Progress

__all__ = [
    "Exercise",
    "Lab",
    "Lesson",
    "Progress",
    "Result",
    "Task",
    "____",
    "progress",
    "start",
    "start_lab",
]


def progress() -> Progress:
    """What was done so far; shows itself as a table."""
    return Progress()
