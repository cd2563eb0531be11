"""Lesson 07's exercises on a real API server."""

from __future__ import annotations

import pytest
from lesson_trials import answer, patched, tried

from kitlib.lessons.exercises import infrastructure
from kitlib.lessons.lesson import start
from kitlib.lessons.progress import Progress

POOL, POLICY, IGNORED = infrastructure.POOL, infrastructure.POLICY, infrastructure.IGNORED
SECURE = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def context(**fields):
    return patched("ledger", {"name": "ledger", "securityContext": fields})


ANYWHERE = "  - to:\n    - ipBlock: {cidr: 0.0.0.0/0}\n    ports:\n    - {port: 53, protocol: UDP}\n"
KUBE_SYSTEM = "    - namespaceSelector:\n        matchLabels: {kubernetes.io/metadata.name: kube-system}\n"
KUBE_DNS = "      podSelector:\n        matchLabels: {k8s-app: kube-dns}\n"
ALL_PORTS = "  - to:\n    - namespaceSelector: {}\n"
MISTAKES = {
    "07-1": [
        (answer(POOL.replace("- **Taints**: workload=batch:NoSchedule\n", "")), "Without a taint"),
        (answer(POOL.replace("NoSchedule", "PreferNoSchedule")), "is a wish"),
        (answer(POOL.replace("NoSchedule", "NoStart")), "key=value:NoSchedule"),
        (answer(POOL.replace("Min Nodes**: 0", "Min Nodes**: 1")), "From none"),
        (answer(POOL.replace("c7i.xlarge", "m7i.4xlarge")), "to run on c7i.xlarge"),
        (answer(POOL.replace("Min Nodes**: 0", "Min Nodes**: 5")), "Expected"),
    ],
    "07-2": [
        (answer("10.4.0.0/16"), "room for 256 nodes"),
        (answer("10.0.0.0/14"), "a range outside of 10.0.0.0/16"),
        (answer("10.5.0.0/14"), "not a valid IPv4 network"),
        (answer("20.0.0.0/14"), "belong to others"),
    ],
    "07-3": [
        (answer(IGNORED.replace("/spec/replicas", "spec.replicas")), "begins with a slash"),
        (answer(IGNORED.replace("/spec/replicas", "/spec")), "name the one field"),
        (answer(IGNORED.replace("group: apps", 'group: ""')), "API group apps"),
        (answer("kind: Deployment"), "is a list"),
    ],
    "07-4": [
        (answer("latest"), "That name moves"),
        (answer("${{ github.ref_name }}"), "That name moves"),
        (answer("sha-${{ github.sha }}"), "without sha-"),
        (answer("${{ github.run_id }}"), "the full SHA"),
        (answer("github.sha"), "plain text"),
    ],
    "07-5": [
        (answer(POLICY.partition("  egress:")[0]), "Without DNS"),
        (answer(POLICY.replace("[Ingress, Egress]", "[Egress]")), "Both directions"),
        (answer(POLICY.replace("    - {port: 53, protocol: TCP}\n", "")), "by TCP for long answers"),
        (answer(POLICY + ANYWHERE), "select DNS by its labels"),
        (answer(POLICY + ALL_PORTS), "all of them are open"),
        (answer(POLICY.replace(KUBE_SYSTEM + KUBE_DNS, "    - namespaceSelector: {}\n")), "of any pod"),
        (answer(POLICY.replace(KUBE_SYSTEM + KUBE_DNS, "    - podSelector: {}\n")), "pods of this namespace"),
        (answer(POLICY.replace(KUBE_DNS, KUBE_DNS.replace("  pod", "- pod", 1))), "each with its own dash"),
        (answer(POLICY.replace("kube-system", "dns")), "DNS is in kube-system"),
        (answer(POLICY.replace("podSelector: {}", "podSelector: {matchLabels: {app: ledger}}")), "every pod"),
    ],
    "07-6": [
        (context(**SECURE | {"runAsNonRoot": False, "runAsUser": 0}), "User 0 is root"),
        (context(**SECURE | {"readOnlyRootFilesystem": False}), "Still open: readOnlyRootFilesystem"),
        (context(**SECURE), "Without a memory limit"),
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def lesson(embedded, tmp_path_factory):
    begun = start("07", embedded, Progress(tmp_path_factory.mktemp("lesson") / "progress.json"))
    yield begun
    begun.clean_up()


def test_every_exercise_has_likely_mistakes(lesson):
    assert sorted(MISTAKES) == [exercise.task.id for exercise in lesson.exercises]


@pytest.mark.parametrize("number", range(6))
def test_a_starter_fails_mistakes_are_told_and_the_solution_passes(lesson, number):
    exercise, cluster = lesson.exercises[number], lesson.cluster

    def restore():
        for kind, name in (("NetworkPolicy", "closed"), ("Deployment", "ledger")):
            cluster.delete(kind, name, missing_ok=True, wait_seconds=10)
        cluster.apply(lesson.section.setup(cluster), force=True)

    tried(exercise, MISTAKES[exercise.task.id], restore)


@pytest.mark.parametrize(
    "selector",
    ["{}", "{matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [kube-system]}]}"],
)
def test_dns_may_be_selected_in_other_words(lesson, selector):
    policy = POLICY.replace(KUBE_SYSTEM, f"    - namespaceSelector: {selector}\n")
    result = lesson.exercises[4].check(policy)
    assert result.correct, result


def test_a_policy_for_all_destinations_and_a_deployment_that_is_gone_are_told(lesson):
    cluster = lesson.cluster
    everywhere = POLICY.replace("  - to:\n", "  - ports:\n    - {port: 53, protocol: UDP}\n  - to:\n")
    assert "the whole world" in lesson.exercises[4].check(everywhere).message
    cluster.delete("Deployment", "ledger", wait_seconds=10)
    assert "lesson.reset()" in lesson.exercises[5].check().message
