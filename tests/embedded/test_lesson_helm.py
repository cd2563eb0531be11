"""Lesson 04 on a real API server: starters, likely mistakes and solutions; a release's history."""

from __future__ import annotations

import functools

import pytest

from kitlib.errors import UsageError
from kitlib.lessons import charts, commands, place, releases
from kitlib.lessons.catalogue import section
from kitlib.lessons.lesson import start
from kitlib.lessons.outcome import ____
from kitlib.lessons.progress import Progress

NAME = "app.kubernetes.io/name: {{ .Chart.Name }}\n"
INSTANCE = "app.kubernetes.io/instance: {{ .Release.Name }}\n"

# Likely mistakes, and what a learner must be told.
MISTAKES = {
    "04-1": [
        ('image: {tag: "1.10"}', "it is api.image"),
        ("api: {image: {tag: 1.10}}", "the number 1.1"),
        ("api: {image: {tag: latest}}", "name the version"),
        ('api: {image: {repository: ghcr.io/myorg/todo-api, tag: "1.10"}}', "leave it out"),
    ],
    "04-2": [
        ("api: {replicaCount: 3}", "not used while"),
        ("api: {replicaCount: 3, autoscaling: {enabled: false}}", "it scales nothing"),
        ("api: {autoscaling: {minReplicas: 3}}", "Both ends"),
    ],
    "04-3": [
        ("{{ .Values.maxItems }}", "takes text only"),
        ("{{ .Values.maxItems | quote }}", "is a float"),
        ('"1000000"', "read .Values.maxItems"),
    ],
    "04-4": [
        (
            NAME + INSTANCE + "app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}",
            "upgrade would fail",
        ),
        (NAME, "each other's pods"),
    ],
    "04-5": [
        ("rollme: {{ randAlphaNum 8 | quote }}", "replaced for nothing"),
        ("checksum/config: {{ .Chart.Version | sha256sum }}", "keep the old one"),
        ("checksum/config: {{ sha256 .Values }}", "can't read this line"),
    ],
}


@pytest.fixture(scope="module")
def lesson(embedded, tmp_path_factory):
    begun = start("04", embedded, Progress(tmp_path_factory.mktemp("helm") / "progress.json"))
    yield begun
    place.leave(begun.cluster)


def test_every_question_has_two_likely_mistakes():
    asked = [task.id for task in section("04").tasks if task.asks]
    assert sorted(MISTAKES) == asked
    assert all(len(mistakes) >= 2 for mistakes in MISTAKES.values())


@pytest.mark.parametrize("number", range(5))
def test_a_starter_is_not_attempted_mistakes_are_told_and_the_solution_passes(lesson, number):
    exercise = lesson.exercises[number]
    assert exercise.check().outcome == "not attempted"
    assert exercise.check("api: ____").outcome == "not attempted"
    for answer, message in MISTAKES[exercise.task.id]:
        result = exercise.check(answer)
        assert result.outcome in ("incorrect", "error"), result
        assert message in result.message, result
    result = exercise.check(exercise.solution().answer)
    assert result.correct, result


def test_a_rollback_is_told_from_an_upgrade_and_from_an_uninstallation(lesson, tmp_path):
    exercise, cluster = lesson.exercises[5], lesson.cluster
    assert exercise.check().outcome == "not attempted"
    assert exercise.do(commands.run, "helm", "rollback shop ____", cluster).outcome == "not attempted"
    assert exercise.do(commands.run, "helm", ____, cluster).outcome == "not attempted"
    result = exercise.do(commands.run, "helm", "rollback shop 2", cluster)
    assert "DEBUG already" in result.message, result
    chart = charts.write(tmp_path / "shop", {}, {})
    result = exercise.do(commands.run, "helm", f"upgrade shop {chart}", cluster)
    assert "a new upgrade" in result.message, result
    exercise.solution()
    assert exercise.check().correct
    assert cluster.get("ConfigMap", "shop")["data"] == {"VALUE": "INFO"}
    history = charts.history(cluster, "shop")
    assert [item.status for item in history] == ["superseded"] * 4 + ["deployed"]
    assert history._repr_html_().count("<rect") == 5
    result = exercise.do(commands.run, "helm", "uninstall shop", cluster)
    assert "takes its history with it" in result.message, result


def test_a_rollout_is_watched_from_old_pods_to_new_ones(lesson):
    cluster = lesson.cluster
    templates = releases.serving(cluster, "web", replicas=2)
    assert releases.upgrade(cluster, "web", templates, {"build": "1"}) == "revision 1: Install complete"
    cluster.wait("Deployment", "web", timeout=60)
    change = functools.partial(releases.upgrade, cluster, "web", templates, {"build": "2"})
    picture = releases.rollout(cluster, "web", change)
    assert picture.title == "The rollout of web"
    assert picture.words.startswith("2 new pods after ")
    assert picture.words.endswith("never fewer than 2 ready")
    with pytest.raises(UsageError, match="did not"):
        releases.fails(releases.upgrade, cluster, "web", templates, {"build": "2"})


def test_a_killed_helm_leaves_a_release_that_refuses_and_a_rollback_frees_it(lesson):
    cluster = lesson.cluster
    templates = releases.serving(cluster, "late", replicas=0)
    with pytest.raises(UsageError, match="no release late"):
        releases.interrupt(cluster, "late")
    releases.upgrade(cluster, "late", templates, {"build": "1"})
    assert releases.interrupt(cluster, "late") == "pending-upgrade"
    said = releases.fails(releases.upgrade, cluster, "late", templates, {"build": "2"})
    assert "another operation" in said
    commands.run("helm", "rollback late", cluster)
    assert releases.upgrade(cluster, "late", templates, {"build": "2"}).endswith("Upgrade complete")
