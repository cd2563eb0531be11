"""Lesson 01's exercises on a real API server."""

from __future__ import annotations

import pytest
from lesson_trials import answer, applied, patched, tried

from kitlib.lessons import web
from kitlib.lessons.exercises import architecture
from kitlib.lessons.lesson import start
from kitlib.lessons.progress import Progress

DELIVERY = architecture.DELIVERY
NOTIFIER = architecture.NOTIFIER


def variable(name, value):
    return patched("todo-page", {"name": "page", "env": [{"name": name, "value": value}]})


def program(kind="batch/v1 Job", policy="Never", arguments='["-plugins"]', without="~"):
    version, kind = kind.split()
    text = architecture.PROGRAM.replace(without, "").replace("batch/v1", version).replace("Job", kind)
    return answer(
        text.replace("Never", policy).replace('["-plugins"]', arguments).replace("IMAGE", web.ELSEWHERE)
    )


def bare_pod():
    pod = {"restartPolicy": "Never", "containers": [{"name": "plugins", "image": web.ELSEWHERE}]}
    return applied({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "plugins"}, "spec": pod})


MISTAKES = {
    "01-1": [
        (answer("Logs"), "one JSON object a line"),
        (answer("Security"), "no name in the table"),
        (answer(10), "Its name is asked for"),
    ],
    "01-2": [
        (answer(NOTIFIER.replace("128Mi-256Mi", "256Mi-128Mi")), "Expected"),
        (answer(NOTIFIER.replace("128Mi-256Mi", "128m-256m")), "Expected"),
        (answer(NOTIFIER.replace("128Mi-256Mi", "128M-256M")), "128M is less"),
        (answer(NOTIFIER.replace("1-3", "3")), "from 1 to 3"),
        (answer(NOTIFIER.replace("cache", "database, cache")), "nothing else"),
    ],
    "01-3": [
        (answer(0.72), "Those are hours"),
        (answer(432), "what 99% would allow"),
        (answer(525.6), "for a year"),
        (answer("43 minutes"), "a number"),
    ],
    "01-4": [
        (answer(DELIVERY.replace("At-least-once", "Exactly-once")), "topic to topic"),
        (answer(DELIVERY.replace("At-least-once", "At-most-once")), "missing from the audit log"),
        (answer(DELIVERY.replace("At-least-once", "Always")), "Expected"),
    ],
    "01-5": [
        (variable("API_URL", "http://api:8080"), "the Service's port, 80"),
        (variable("API_URL", "http://api.default.svc.cluster.local"), "comes its namespace"),
        (variable("API_URL", "http://10.96.3.4"), "its name stays"),
        (variable("API_URL", "api"), "its scheme"),
        (variable("API_URL", "https://api"), "without TLS"),
    ],
    "01-6": [
        (variable("API_TIMEOUT_SECONDS", "10s"), "the number alone"),
        (variable("API_TIMEOUT_SECONDS", "10000"), "not milliseconds"),
        (variable("API_TIMEOUT_SECONDS", 10), "quote the number"),
    ],
    "01-7": [
        (program(policy="Always"), "must not be started again"),
        (program(arguments="[]"), "never ends"),
        (program("batch/v1 CronJob"), "this is to run once"),  # the server names one of two fields
        (program("batch/v1 CronJob", without="  backoffLimit: 2\n"), "this is to run once"),
        (bare_pod(), "a Job does"),
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def lesson(embedded, tmp_path_factory):
    begun = start("01", embedded, Progress(tmp_path_factory.mktemp("lesson") / "progress.json"))
    yield begun
    begun.clean_up()


@pytest.mark.parametrize("number", range(7))
def test_an_exercise_fails_as_it_begins_says_what_is_wrong_and_can_be_solved(lesson, number):
    exercise = lesson.exercises[number]

    def restore():
        for kind in ("Job", "Pod"):
            lesson.cluster.delete(kind, "plugins", missing_ok=True, wait_seconds=10)
        lesson.cluster.apply(architecture.SECTION.setup(lesson.cluster), force=True)

    tried(exercise, MISTAKES[exercise.task.id], restore)


def test_a_job_that_is_there_can_only_be_made_anew(lesson):
    exercise = lesson.exercises[6]
    exercise.solution()
    said = program(policy="OnFailure")(exercise)
    assert said.outcome == "error"
    assert said.message.endswith("First: %kubectl delete job plugins")
    assert "InitContainers" not in said.observed
    lesson.cluster.delete("Job", "plugins", wait_seconds=10)
    assert program(policy="OnFailure")(exercise).correct
    lesson.cluster.delete("Job", "plugins", wait_seconds=10)


def test_a_kind_of_another_group_says_which(lesson):
    said = program("batch/v1 Deployment")(lesson.exercises[6])
    assert "Deployment is of apps/v1" in said.message


def test_a_delivery_is_understood_however_it_is_capitalised(lesson):
    exercise = lesson.exercises[3]
    assert exercise.check(architecture.DELIVERY.replace("At-least-once", "at-least-once")).correct
