"""Lesson 05's exercises on a real API server."""

from __future__ import annotations

import pytest
from lesson_trials import answer, patched, tried

from kitlib.lessons.exercises import local_clusters, machines
from kitlib.lessons.lesson import start
from kitlib.lessons.progress import Progress

INGRESS, VALUES, WHOLE = local_clusters.INGRESS, local_clusters.VALUES, machines.whole(None)
ANNOTATION = 'nginx.ingress.kubernetes.io/ssl-redirect: "false"'
TLS = "spec:\n  tls: [{hosts: [shop.local], secretName: shop}]\n"

MISTAKES = {
    "05-1": [
        (answer(WHOLE.replace("v1.35+", "v1.28+")), "still gets patches"),
        (answer(WHOLE.replace("40GB+", "20GB+")), "may grow to more"),
        (answer(WHOLE.replace("v1.35+", "latest")), "Expected"),
    ],
    "05-2": [
        (answer("docker push shop:dev-2"), "goes to a registry"),
        (answer("kind image load shop:dev-2 --name lab"), "minikube's words"),
        (answer("kind load docker-image shop:dev-2 --profile lab"), "have a --name"),
        (answer("kind load docker-image shop:dev-2"), "the cluster called kind"),
    ],
    "05-3": [
        (patched("shop", {"name": "web", "imagePullPolicy": "IfNotAvailable"}), "and no other"),
        (patched("shop", {"name": "web", "image": "shop:latest"}), "on the node already"),
    ],
    "05-4": [
        (answer(INGRESS.replace('"false"', "false")), "quote false"),
        (answer(INGRESS.replace("shop.local", "http://shop.local")), "without http://"),
        (answer(INGRESS.replace("spec:\n", TLS)), "leave tls out"),
        (answer(INGRESS.replace("nginx.ingress.", "ingress.")), "its own prefix"),
        (answer(INGRESS.replace(f"  annotations:\n    {ANNOTATION}\n", "")), "must not"),
        (answer(INGRESS.replace("shop.local", "shop.example.com")), "The host is shop.local"),
    ],
    "05-5": [
        (answer("192.168.49.2"), "on Linux it would do"),
        (answer("minikube ip"), "virtual machine"),
        (answer("localhost"), "in numbers"),
    ],
    "05-6": [
        (answer(VALUES.replace("enabled: false", "enabled: true")), "switch it off"),
        (answer(VALUES.replace("dev-2", "dev")), "a tag of its own"),
        (answer(VALUES.replace("dev-2", "latest")), "refuses these values"),
        (answer(VALUES.replace("Never", "Always")), "none is to be asked"),
        (answer(VALUES.replace("replicaCount: 2", "replicas: 2")), "refuses these values"),
        (answer(VALUES.replace("replicaCount: 2", "replicaCount: 1")), "beside image"),
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def lesson(embedded, tmp_path_factory):
    begun = start("05", embedded, Progress(tmp_path_factory.mktemp("lesson") / "progress.json"))
    yield begun
    begun.clean_up()


@pytest.mark.parametrize("number", range(6))
def test_an_exercise_fails_as_it_begins_says_what_is_wrong_and_can_be_solved(lesson, number):
    exercise = lesson.exercises[number]

    def restore():
        lesson.cluster.delete("Ingress", "shop", missing_ok=True, wait_seconds=10)
        lesson.cluster.apply(local_clusters.SECTION.setup(lesson.cluster), force=True)

    tried(exercise, MISTAKES[exercise.task.id], restore)


def test_no_path_of_the_machine_is_in_what_a_learner_sees(lesson):
    result = lesson.exercises[5].check("api: {image: {pullPolicy: Sometimes}}")
    assert "pullPolicy" in result.observed
    assert "/charts/todo-app" not in result.observed
