"""Rules that kube-score has, too; and the fields of Pulumi programs."""

from __future__ import annotations

import pytest
from checks_help import findings_of
from kube_cases import Case, check

BUDGET = "kind: PodDisruptionBudget\nmetadata: {name: api, namespace: "
JOB = """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: report}
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: OnFailure
          containers: [{name: main, image: "a:1"}]
"""
PROGRAM = """\
import pulumi_kubernetes as k8s
from pulumi_kubernetes.core.v1 import ConfigMap, ContainerArgs, Service as Front

LABELS = {"app": "api"}


def pod(name, **more):
    containers = [ContainerArgs(name=name, image="a:1", image_pull_policy="Always")]
    spec = {"containers": containers, "volumes": [{"name": "tmp", "emptyDir": {}}]} | more
    return {key: value for key, value in spec.items() if value}


def expose(spec):
    Front("api", metadata={"name": "api", "labels": LABELS}, spec=spec, opts=None)


k8s.apps.v1.Deployment(
    "api",
    metadata={"name": "api"},
    spec={
        "selector": {"matchLabels": LABELS},
        "template": {"metadata": {"labels": LABELS}, "spec": pod("api", hostname="a")},
    }
    | ({"replicas": 2} if LABELS else {}),
)
expose({"cluster_ip": "None", "ports": [{"port": number, "targetPort": "http"} for number in (80, 81)]})
ConfigMap("settings", data={"ANY_KEY": "x"}, binary_data={})
"""


@pytest.mark.parametrize(
    "case",
    [
        Case("pdb-missing", f"{BUDGET}shop", f"{BUDGET}other", "  name: api", "maxUnavailable: 1"),
        Case(
            "probes-identical",
            "              path: /health/ready\n              port: 8000",
            "              path: /health/live\n              port: http",
            "livenessProbe:",
            "failureThreshold:",
        ),
        Case("label-syntax", '/version: "1.0.0"', '/version: "1.0 beta!"', "1.0 beta!", "version: 1.0-beta"),
        Case(
            "ingress-tls-secret",
            "    cert-manager.io/cluster-issuer: letsencrypt-prod\n",
            "",
            "secretName: shop-tls",
            "cert-manager.io/cluster-issuer: <issuer>",
        ),
    ],
    ids=str,
)
def test_a_defect_is_found_where_it_is_and_a_healthy_application_has_none(case):
    check(case)


def test_liveness_may_ask_the_same_if_it_gives_up_later():
    probe = "{tcpSocket: {port: 80}, failureThreshold: %d}"
    container = "{name: a, image: 'a:1', livenessProbe: %s, readinessProbe: %s}"
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - "
    later = {"p.yaml": pod + container % (probe % 6, probe % 3)}
    assert findings_of("probes-identical", later) == []
    (found,) = findings_of("probes-identical", {"p.yaml": pod + container % (probe % 3, probe % 3)})
    assert found.object == "p.yaml:6"
    assert found.found == "liveness gives up after 30 s, readiness after 30 s"


def test_a_certificate_or_a_secret_of_the_name_is_enough():
    ingress = (
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i}\n"
        "spec:\n  tls: [{hosts: [a.example.com], secretName: front}]\n"
    )
    certificate = (
        "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: c}\nspec: {secretName: front}\n"
    )
    assert findings_of("ingress-tls-secret", {"i.yaml": ingress, "c.yaml": certificate}) == []
    other = certificate.replace("front", "back")
    (found,) = findings_of("ingress-tls-secret", {"i.yaml": ingress, "c.yaml": other})
    assert (found.object, found.found) == ("i.yaml:5", "secretName: front")


@pytest.mark.parametrize("policy", ["          restartPolicy: Always\n", ""])
def test_a_job_may_not_restart_its_pods_for_ever(policy):
    assert findings_of("job-restart-policy", {"j.yaml": JOB}) == []
    text = JOB.replace("          restartPolicy: OnFailure\n", policy)
    (found,) = findings_of("job-restart-policy", {"j.yaml": text})
    assert found.fix.summary == "restartPolicy: OnFailure"


@pytest.mark.parametrize(
    ("old", "new", "line", "meant"),
    [
        ('"replicas"', '"replica"', 24, "replicas"),
        ("image_pull_policy", "image_pul_policy", 8, "imagePullPolicy"),
        ('"emptyDir"', '"emptyDirectory"', 9, "emptyDir"),
        ('hostname="a"', 'hostname="a"', 0, ""),
        ('"cluster_ip"', '"cluster_ips"', 0, ""),  # there is clusterIPs, too
        ('"targetPort"', '"target"', 26, "targetPort"),
        ("binary_data", "binaryData", 27, "binary_data"),  # Pulumi's class has the other way of writing alone
        ('{"labels": LABELS}', '{"label": LABELS}', 22, "labels"),
    ],
)
def test_a_field_that_its_kind_does_not_know_is_found_wherever_it_is_put_together(old, new, line, meant):
    assert old in PROGRAM
    found = findings_of("pulumi-field", {"infra/__main__.py": PROGRAM.replace(old, new, 1)})
    assert [item.object for item in found] == ([f"infra/__main__.py:{line}"] if line else [])
    assert all(item.fix.summary == f"write {meant}" for item in found)


def test_a_value_that_can_not_be_followed_is_left_alone():
    program = (
        "from pulumi_kubernetes.apps.v1 import Deployment\nimport somewhere\n\n"
        "def again(spec):\n    return again(spec)\n\n"
        "Deployment('a', spec=somewhere.spec(replica=1))\nDeployment('b', spec=again({'replica': 1}))\n"
        "Deployment('c', **somewhere.everything)\n"
    )
    assert findings_of("pulumi-field", {"infra/__main__.py": program}) == []
