"""Exercises on a real API server: each starter fails, each solution passes, likely mistakes are told."""

from __future__ import annotations

import re

import pytest

from kitlib.cluster import Cluster
from kitlib.cluster.embedded import running
from kitlib.errors import UsageError
from kitlib.lessons import place
from kitlib.lessons.catalogue import sections
from kitlib.lessons.lesson import start
from kitlib.lessons.outcome import ____
from kitlib.lessons.progress import Progress
from kitlib.settings import get_settings

HERE = ("00", "03")  # the others have modules of their own
ALL = [task.id for number in HERE for task in sections()[number].tasks]


def config(name, data, **metadata):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}, "data": data}


def service(**spec):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"}, "spec": spec}


def ingress(path, annotations=None, host="shop.example.com", **spec):
    rule = {"host": host, "http": {"paths": [path]}}
    meta = {"name": "shop", "annotations": annotations or {}}
    kind = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta}
    return {**kind, "spec": {"rules": [rule], **spec}}


def container(**fields):
    return {"spec": {"template": {"spec": {"containers": [{"name": "web", **fields}]}}}}


def amounts(cpu, memory="32Mi"):
    requests = {"cpu": cpu, "memory": memory}
    return container(resources={"requests": requests, "limits": {"memory": "128Gi", "cpu": "64"}})


def bare_pod(cluster):
    pod = {"containers": [{"name": "web", "image": "registry.example.com/shop:1"}]}
    meta = {"name": "by-hand", "labels": {"app.kubernetes.io/name": "shop"}}
    cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": pod})


def autoscaler(cluster):
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"}
    spec = {"scaleTargetRef": target, "minReplicas": 3, "maxReplicas": 3}
    meta = {"name": "shop"}
    cluster.apply(
        {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": meta, "spec": spec}
    )


SHOP = {"app.kubernetes.io/name": "shop"}
PORTS = [{"name": "http", "port": 80, "targetPort": "health"}]
BACKEND = {"service": {"name": "shop", "port": {"number": 80}}}
PATH = {"path": "/", "pathType": "Prefix", "backend": BACKEND}


def patch(change, kind="Deployment", name="shop"):
    return lambda exercise: exercise.do(exercise.cluster.patch, kind, name, change)


def notice(change):
    return patch(change, "ConfigMap", "notice")


def probe(sort, path, port):
    return patch(container(**{sort: {"httpGet": {"path": path, "port": port}}}))


def act(function):
    return lambda exercise: exercise.do(function, exercise.cluster)


def check(answer):
    return lambda exercise: exercise.check(answer)


def delete_both(cluster):
    for name in ("leftover", "notice"):
        cluster.delete("ConfigMap", name)


# Likely mistakes, and what a learner must be told.
MISTAKES = {
    "00-1": [(check("2"), "leave out the quotes"), (check(97), "Count every line")],
    "00-2": [
        (check(1.34), "Write it as text"),
        (check("v1"), "core group"),
        (check("1.12"), "its own version too"),
    ],
    "00-3": [
        (check(config("hello", {"Greeting": "hi"})), "case-sensitive"),
        (check(config("hello", {}, labels={"greeting": "hi"})), "content is in data"),
        (check(config("hello", {"greeting": "hi"}, namespace="default")), "Leave metadata.namespace out"),
        (check({**config("hello", {}), "spec": {"greeting": "hi"}}), "knows no field of that name"),
        (check(config("hello", {"greeting": 5})), "data.greeting is to be a text: write quotes around 5."),
        (check({**config("hello", {}), "data": "greeting hi"}), "Is a colon missing"),
    ],
    "00-4": [
        (notice({"metadata": {"annotations": {"team": "platform"}}}), "make it a label"),
        (notice({"metadata": {"labels": {"team": "Platform"}}}), "letter by letter"),
        (notice({"data": {"team": "platform"}}), "metadata.labels"),
        (notice({"metadata": {"labels": {"platform": "team"}}}), "name is team, and platform its value"),
    ],
    "00-5": [
        (patch({"data": None}, "ConfigMap", "leftover"), "Emptied is not deleted"),
        (act(delete_both), "Only leftover was to go"),
    ],
    "03-1": [
        (check(config("shop-settings", {"LOG_LEVEL": "DEBUG", "MAX_ITEMS": 50})), "quote numbers"),
        (check(config("shop-settings", {"LOG_LEVEL": "debug", "MAX_ITEMS": "50"})), "in capitals"),
        (check(config("shop-settings", {"LOG_LEVEL": "DEBUG", "MAX_ITEMS": '"50"'})), "quote once"),
    ],
    "03-2": [
        (check("Deployment"), "owns what owns"),
        (check("shop-7d4b9c6f5d"), "That is a name"),
        (check("replicaset"), "small and capital letters"),
    ],
    "03-3": [
        (check(service(selector={"app": "shop"}, ports=PORTS)), "No pod of shop has these labels"),
        (check(service(selector=SHOP, ports=[{"port": 80, "targetPort": 80}])), "Nothing listens there"),
        (check(service(selector=SHOP, ports=[{"port": "80"}])), "is to be a number: leave out the quotes"),
    ],
    "03-4": [
        (check(ingress(PATH, {"kubernetes.io/ingress.class": "nginx"})), "that name is deprecated"),
        (check(ingress({"path": "/", "backend": BACKEND}, ingressClassName="nginx")), "pathType, Prefix"),
        (check(ingress(PATH, ingressClass="nginx")), "told by spec.ingressClassName"),
        (check(ingress(PATH, host="app.example.com", ingressClassName="nginx")), "another one"),
        (check(ingress(PATH, host="http://shop.example.com", ingressClassName="nginx")), "name alone"),
    ],
    "03-5": [(act(lambda cluster: cluster.scale("Deployment", "shop", "3")), "number in quotes"),
        (act(bare_pod), "has no owner"), (act(autoscaler), "you set the number yourself")],
    "03-6": [
        (probe("livenessProbe", "/ready", "ready"), "withheld by"),
        (probe("readinessProbe", "/health", 8080), "/ready says"),
        (probe("readinessProbe", "/ready", 8080), "named ready"),
        (probe("readinessProbe", "ready", "ready"), "begins with a slash"),
    ],
    "03-7": [
        (patch(container(resources={"limits": {"memory": "128m"}})), "thousandth of a byte"),
        (patch(container(resources={"limits": {"memory": "128Mi"}})), "give them too"),
        (patch(amounts("50")), "whole processors"),
        (patch(amounts("50m", "32M")), "Mi 1024"),
        (patch(amounts("50m", "32MB")), "such as m, Mi or Gi"),
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def begun(embedded, tmp_path_factory):
    """Every lesson, begun once; the module removes them."""
    progress = Progress(tmp_path_factory.mktemp("lessons") / "progress.json")
    lessons = {number: start(number, embedded, progress) for number in HERE}
    for section in lessons.values():
        if section.cluster.find("Deployment", "shop"):
            section.cluster.wait("Deployment", "shop", timeout=60)
    yield lessons
    for lesson in lessons.values():
        lesson.clean_up()


@pytest.fixture
def exercise(begun, request):
    number, place_ = request.param.split("-")
    return begun[number].exercises[int(place_) - 1]


def restored(exercise):
    """Put back what the lesson begins from, without waiting for a namespace to go."""
    cluster = exercise.cluster
    for kind, name in [
        ("ConfigMap", "hello"), ("ConfigMap", "leftover"), ("ConfigMap", "notice"), ("Ingress", "shop"),
        ("ConfigMap", "shop-settings"), ("Service", "shop"), ("Pod", "by-hand"),
        ("HorizontalPodAutoscaler", "shop"),
    ]:  # fmt: skip
        cluster.delete(kind, name, missing_ok=True, wait_seconds=10)
    section = sections()[exercise.task.id[:2]]
    if cluster.find("Deployment", "shop"):
        strip = [{"op": "remove", "path": f"/spec/template/spec/containers/0/{field}"} for field in (
            "readinessProbe", "livenessProbe", "resources")]  # fmt: skip
        found = cluster.get("Deployment", "shop").at("spec.template.spec.containers.0")
        wanted = [op for op in strip if op["path"].rsplit("/", 1)[1] in found]
        if wanted:
            cluster.patch("Deployment", "shop", wanted, type="json")
        cluster.scale("Deployment", "shop", 1)
    cluster.apply(section.setup(cluster), force=True)


def test_every_exercise_has_at_least_two_likely_mistakes_and_a_lesson_five_exercises():
    assert sorted(MISTAKES) == sorted(ALL)
    assert all(len(mistakes) >= 2 for mistakes in MISTAKES.values())
    assert all(len(section.tasks) >= 5 for section in sections().values())


@pytest.mark.parametrize("exercise", ALL, indirect=True)
def test_a_starter_is_not_attempted_mistakes_are_told_and_the_solution_passes(exercise):
    starter = exercise.check()
    assert starter.outcome == "not attempted", starter
    assert exercise.check(____).outcome == "not attempted"
    assert exercise.do(exercise.cluster.delete, "ConfigMap", ____).outcome == "not attempted"
    for mistake, message in MISTAKES[exercise.task.id]:
        result = mistake(exercise)
        assert result.outcome in ("incorrect", "error"), result
        assert message in result.message, result
        assert result.expected
        assert result.command.startswith("kubectl ")
        restored(exercise)
    solution = exercise.solution()
    result = exercise.check(solution.answer)
    assert result.correct, result
    assert "____" not in repr(solution)
    assert not re.search(r"\b_[a-z]\w*\(", solution.text), "a learner can't call what is private"


def test_what_was_deleted_may_be_deleted_again_and_hints_begin_anew_in_each_session(embedded, tmp_path):
    progress = Progress(tmp_path / "progress.json")
    lesson = start("00", embedded, progress)
    lesson.cluster.apply(sections()["00"].setup(lesson.cluster), force=True)
    tidy = lesson.exercises[4]
    wrong = tidy.do(lesson.cluster.delete, "ConfigMap", "leftovr")
    assert (wrong.outcome, "leftovr" in wrong.message) == ("error", True)
    for _ in range(2):
        assert tidy.do(lesson.cluster.delete, "ConfigMap", "leftover").correct
    for _ in range(2):
        said = tidy.do(lesson.cluster.delete, "ConfigMap", "notice")
        assert "Only leftover was to go" in said.message
    for session in (lesson, start("00", embedded, progress)):
        titles = [session.exercises[0].hint().title for _ in range(4)]
        assert titles == [f"Hint {number} of 3 for 00-1" for number in (1, 2, 3, 3)]
    assert progress.entries()["00-1"].hints == 8


def test_a_lesson_goes_on_where_it_was_and_resets(embedded, tmp_path):
    progress = Progress(tmp_path / "progress.json")
    try:
        lesson = start("00", embedded.within("default"), progress)
        lesson.cluster.delete("ConfigMap", "leftover", missing_ok=True)
        again = start("00", embedded, progress)
        assert again.namespace == "lesson-00"
        assert again.cluster.find("ConfigMap", "leftover") is None  # begun once, and left as it was
        fresh = again.reset()
        assert fresh.cluster.find("ConfigMap", "leftover") is not None
    finally:
        place.leave(embedded.within("lesson-00"), wait=True)


def test_a_cluster_without_nodes_is_refused_before_anything_waits_for_a_pod():
    with running() as bare, pytest.raises(UsageError, match=r"has no node.*\n.*--nodes 2"):
        start("00", bare)


def test_a_namespace_of_somebody_else_is_refused_unless_it_is_the_learners(embedded, monkeypatch):
    meta = {"name": "lesson-03x"}
    embedded.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    with pytest.raises(UsageError, match="no lesson made it"):
        place.enter("lesson-03x", embedded)
    monkeypatch.setenv("KIT_LESSON_NAMESPACE", "lesson-03x")
    get_settings.cache_clear()
    try:
        lesson = start("00", embedded)
        assert lesson.namespace == "lesson-03x"
        lesson.clean_up()
        assert embedded.find("Namespace", "lesson-03x") is not None
        assert {item.name for item in lesson.cluster.list("ConfigMap")} == {"kube-root-ca.crt"}
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
        embedded.delete("Namespace", "lesson-03x", wait_seconds=0)


def test_a_cluster_that_does_not_answer_is_an_outcome(begun, tmp_path):
    import socket

    lesson = begun["00"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    text = lesson.cluster.api.binding.files[0].read_text()
    path = tmp_path / "kubeconfig"
    path.write_text(text.replace(lesson.cluster.server, f"https://127.0.0.1:{port}"))
    nowhere = Cluster.from_kubeconfig(path, context=lesson.cluster.context, namespace="lesson-00")
    exercise = type(lesson.exercises[0])(lesson.exercises[0].task, nowhere, Progress(tmp_path / "p.json"))
    result = exercise.check(2)
    assert result.outcome == "unreachable cluster"
    assert "no API server answers" in result.message
