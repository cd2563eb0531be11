"""How exercises are tried: the starter, likely mistakes, each with the message meant for it, the solution."""

from __future__ import annotations

import re

from kitlib.lessons.outcome import ____


def answer(value):
    """A trial that gives this answer, or applies this manifest."""
    return lambda exercise: exercise.check(value)


def patched(name, container):
    """A trial that patches a container of a Deployment."""
    change = {"spec": {"template": {"spec": {"containers": [container]}}}}
    return lambda exercise: exercise.do(exercise.cluster.patch, "Deployment", name, change)


def applied(objects):
    """A trial that applies objects, whatever the exercise asks for."""
    return lambda exercise: exercise.do(exercise.cluster.apply, objects)


def tried(exercise, mistakes, restore=lambda: None):
    """Hold an exercise to its promises.

    Args:
        exercise: begun, and not touched.
        mistakes: trials, each with what its message must say.
        restore: puts back what the exercise begins from.
    """
    assert len(mistakes) >= 2
    starter = exercise.check()
    assert starter.outcome == "not attempted", starter
    assert exercise.check(____).outcome == "not attempted"
    for mistake, message in mistakes:
        result = mistake(exercise)
        assert result.outcome in ("incorrect", "error"), result
        assert message in result.message, result
        assert result.expected
        commands = ("kubectl", "kit", "helm", "minikube", "kind")
        assert result.command.startswith(commands) or (exercise.task.asks and not result.command), result
        restore()
    solution = exercise.solution()
    assert "____" not in repr(solution)
    assert not re.search(r"\b_[a-z]\w*\(", solution.text), "a learner can't call what is private"
    result = exercise.check(solution.answer)
    assert result.correct, result
    assert len({exercise.hint().text for _ in range(4)}) == 3
