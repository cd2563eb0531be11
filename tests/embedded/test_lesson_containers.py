"""Lesson 02 on a real API server: starters, likely mistakes, each with its message, and solutions."""

from __future__ import annotations

import pytest

from kitlib.lessons import place
from kitlib.lessons.catalogue import section
from kitlib.lessons.exercises import containers
from kitlib.lessons.lesson import start
from kitlib.lessons.outcome import ____
from kitlib.lessons.progress import Progress

CONTEXT = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
OWN = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
SPEC, COMPOSE, BUILD = containers.NOTIFIER, containers.COMPOSE, containers.BUILD
PLAIN = COMPOSE.replace("\n      db: {condition: service_healthy}", " [db]")
BARE = COMPOSE.replace("    healthcheck: {test: [CMD, pg_isready, --host, 127.0.0.1]}\n", "")

# Likely mistakes, and what a learner must be told.
MISTAKES = {
    "02-1": [
        (SPEC.replace("Notifier", "[Service Name]"), "brackets are the template's"),
        (SPEC.replace("UID 1000", "UID 1001"), "to be 1000"),
        (SPEC.replace("256Mi", "64Mi"), "what is expected"),
    ],
    "02-2": [
        ("USER app", "can't tell a name"),
        ("USER 0", "root to the kernel"),
        ("USER 1001", "has the num"),
    ],
    "02-3": [
        ("CMD uvicorn app.main:create_app --host 0.0.0.0", "SIGTERM would not reach"),
        ('CMD ["uvicorn", "app.main:create_app", "--host", "127.0.0.1"]', "container's own"),
        ('CMD ["uvicorn", "app.main:create_app"]', "--host 0.0.0.0"),
        ('CMD ["python", "-m", "app.main"]', "The program is uvicorn"),
        ('CMD ["uvicorn app.main:create_app --host 0.0.0.0"]', "each word is an element"),
        ("CMD uvicorn app.main:create_app --factory", "SIGTERM would not reach"),
    ],
    "02-4": [
        (PLAIN, "not until the database answers"),
        (BARE, "db has none"),
        (COMPOSE.replace("{condition: service_healthy}", "service_healthy"), "is a field"),
    ],
    "02-5": [
        (BUILD.replace("linux/amd64, linux/arm64", "linux/amd64"), "other architecture"),
        (BUILD.replace("scan: true", "scan: false"), "holds nothing back"),
        (BUILD.replace("GITHUB_TOKEN", "my-own-token"), "not its value"),
        (BUILD.replace("GITHUB_TOKEN", "${GITHUB_TOKEN}"), "name alone"),
    ],
}


@pytest.fixture(scope="module")
def lesson(embedded, tmp_path_factory):
    begun = start("02", embedded, Progress(tmp_path_factory.mktemp("containers") / "progress.json"))
    yield begun
    place.leave(begun.cluster)


def test_every_question_has_two_likely_mistakes():
    asked = [task.id for task in section("02").tasks if task.asks]
    assert sorted(MISTAKES) == asked
    assert all(len(mistakes) >= 2 for mistakes in MISTAKES.values())


@pytest.mark.parametrize("number", range(5))
def test_a_starter_is_not_attempted_mistakes_are_told_and_the_solution_passes(lesson, number):
    exercise = lesson.exercises[number]
    assert exercise.check().outcome == "not attempted"
    assert exercise.check(____).outcome == "not attempted"
    for answer, message in MISTAKES[exercise.task.id]:
        result = exercise.check(answer)
        assert result.outcome in ("incorrect", "error"), result
        assert message in result.message, result
    result = exercise.check(exercise.solution().answer)
    assert result.correct, result


def test_what_is_no_answer_at_all_is_told(lesson):
    _, user, _, compose, build, _ = lesson.exercises
    assert "begins with USER" in user.check("RUN adduser app").message
    assert "It is to be YAML" in compose.check("[").message
    assert build.check(SPEC).outcome in ("incorrect", "error")


def test_a_deployment_is_hardened_field_by_field(lesson):
    exercise, cluster = lesson.exercises[5], lesson.cluster

    def patched(context, own):
        change = {"securityContext": context, "containers": [{"name": "web", "securityContext": own}]}
        return exercise.do(
            cluster.patch, "Deployment", "shop", {"spec": {"template": {"spec": change}}}
        ).message

    assert exercise.check().outcome == "not attempted"
    assert exercise.do(cluster.patch, "Deployment", "shop", {"spec": ____}).outcome == "not attempted"
    assert "opposite" in patched({}, {"privileged": True})
    assert "runAsUser alone" in patched({"runAsUser": 1000}, {"privileged": None})
    assert "drop ALL" in patched(CONTEXT, {"readOnlyRootFilesystem": True})
    assert "A list is wanted" in patched(CONTEXT, {"capabilities": {"drop": "ALL"}})
    said = patched(CONTEXT, {"capabilities": {"drop": ["ALL"]}})
    assert "allowPrivilegeEscalation" in said
    assert "readOnlyRootFilesystem" not in said
    exercise.solution()
    result = exercise.check()
    assert result.correct, result
