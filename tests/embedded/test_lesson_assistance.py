"""Lesson 06's exercises on a real API server; no model is asked."""

from __future__ import annotations

import pytest
from lesson_trials import answer, tried

from kitlib.asking import ask
from kitlib.lessons.exercises import assistance, requests
from kitlib.lessons.lesson import start
from kitlib.lessons.progress import Progress
from kitlib.undo import undo

ROW, RULE = assistance.ROW, assistance.RULE


def selector(value):
    change = {"spec": {"template": {"spec": {"nodeSelector": value}}}}
    return lambda exercise: exercise.do(exercise.cluster.patch, "Deployment", "till", change)


def scale(name, number):
    def trial(exercise):
        result = exercise.do(exercise.cluster.scale, "Deployment", name, number)
        exercise.cluster.patch("Deployment", "till", {"spec": {"template": {"spec": {"nodeSelector": None}}}})
        return exercise.check() if name == "till" else result

    return trial


def asked(text):
    def trial(exercise):
        named = {"model": False, "decide": requests.yes, "wait_seconds": 0}
        return exercise.do(ask, text, exercise.cluster, **named)

    return trial


MISTAKES = {
    "06-1": [
        (answer("spec.replicas"), "would wait as well"),
        (answer("spec.template.spec.containers[0].image"), "no node at all"),
        (answer("metadata.labels"), "the scheduler's event"),
    ],
    "06-2": [(selector({"disk": "ssd"}), "No node has that label"), (scale("till", 0), "nothing sells")],
    "06-3": [
        (answer("abce"), "That needs a yes"),
        (answer("ac"), "One is missing"),
        (answer("xyz"), "The letters before"),
    ],
    "06-4": [
        (asked("scale deployment shop to 2 replicas"), "Three are wanted"),
        (scale("shop", 3), "ask for it in words"),
    ],
    "06-5": [
        (answer(ROW.replace("Auto", "Manual")), "waits for a person"),
        (answer(ROW.replace("10min", "5min")), "Ten minutes"),
        (answer(ROW.replace("CrashLoopBackOff > 10min", "crashes a lot")), "can't observe"),
        (answer(ROW.replace("Auto", "Yes")), "Auto or Manual"),
    ],
    "06-6": [
        (answer(RULE.replace("restartCount", "restarts")), "has no fact 'restarts'"),
        (answer(RULE.replace("> 5", "> 3")), "More than five"),
        (answer(RULE.replace("> 5", ">= 5")), "false for 5"),
        (answer(RULE.replace("> 5", "> 5 && !pod.ready")), "Only the number of restarts"),
        (answer(RULE.replace("diagnose", "restart")), "changes nothing"),
        (answer(RULE.replace("diagnose", "fix-it")), "Expected"),
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def lesson(embedded, tmp_path_factory):
    begun = start("06", embedded, Progress(tmp_path_factory.mktemp("lesson") / "progress.json"))
    yield begun
    begun.clean_up()


def test_every_exercise_has_likely_mistakes(lesson):
    assert sorted(MISTAKES) == [exercise.task.id for exercise in lesson.exercises]


@pytest.mark.parametrize("number", range(6))
def test_a_starter_fails_mistakes_are_told_and_the_solution_passes(lesson, number):
    exercise, cluster = lesson.exercises[number], lesson.cluster

    def restore():
        for name in ("till", "shop"):
            cluster.delete("Deployment", name, missing_ok=True, wait_seconds=10)
        cluster.apply(lesson.section.setup(cluster), force=True)

    tried(exercise, MISTAKES[exercise.task.id], restore)


@pytest.mark.parametrize("condition", ["pod.restartCount>5", "5 < pod.restartCount", "pod.restartCount >= 6"])
def test_a_rule_is_right_however_it_is_written(lesson, condition):
    result = lesson.exercises[5].check(RULE.replace("pod.restartCount > 5", condition))
    assert result.correct, result


def test_a_change_that_was_taken_back_since_does_not_spoil_the_answer(lesson):
    exercise, cluster = lesson.exercises[3], lesson.cluster
    assert asked("scale deployment shop to 3 replicas")(exercise).correct
    named = {"model": False, "decide": requests.yes, "wait_seconds": 0}
    undo(cluster, ask("scale deployment shop to 4 replicas", cluster, **named).done[0].id)
    assert exercise.check().correct


def test_the_lessons_agent_looks_at_the_lessons_namespace_only(lesson):
    agent = requests.agent(lesson.cluster)
    agent.look_once()
    assert agent.desk.config.spec.scope.namespaces == (lesson.namespace,)
    assert agent.status().watched > 0
