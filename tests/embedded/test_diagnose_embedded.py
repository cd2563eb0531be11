"""Faults that need no running container, on a real control plane: cause, object and field, and controls."""

from __future__ import annotations

import json
import time

import pytest
from runbooks_help import as_service_account, deployment
from typer.testing import CliRunner

import kitlib
from kitlib.cli.app import app
from kitlib.cluster import Cluster
from kitlib.diagnosis import examine
from kitlib.diagnosis.mending import tried
from kitlib.diagnosis.reading import LISTINGS, scan
from kitlib.errors import NotFound, UsageError
from kitlib.findings import Fix, Ref

QUIET = {"PodMetrics"}  # this control plane has no metrics API


def web(replicas=1, **pod):
    """A Deployment whose container declares port 8080."""
    made = deployment("web", replicas, **pod)
    made["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"containerPort": 8080, "name": "http"}]
    return made


def container(**fields):
    made = web()
    made["spec"]["template"]["spec"]["containers"][0] |= fields
    return made


def service(name="web", app="web", **port):
    spec = {"selector": {"app": app}, "ports": [{"port": 80, "targetPort": "http", **port}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def ingress(service_name="web", port=80, **spec):
    backend = {"service": {"name": service_name, "port": {"number": port}}}
    rules = [
        {"host": "web.local", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    ]
    meta = {"name": "web", "annotations": {"kubernetes.io/ingress.class": "any"}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": meta,
        "spec": {"rules": rules, **spec},
    }


def scaler(name="web"):
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
    }
    spec = {"minReplicas": 1, "maxReplicas": 3, "scaleTargetRef": target, "metrics": [metric]}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": spec,
    }


def of(kind, api, name, **body):
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name}, **body}


def claim(name="data", class_name="standard-typo"):
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": class_name,
    }
    return of("PersistentVolumeClaim", "v1", name, spec=spec)


def volume(name):
    return {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": name}}]}


def cron(**spec):
    template = {
        "spec": {
            "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "c:1"}]}}
        }
    }
    return of(
        "CronJob", "batch/v1", "nightly", spec={"schedule": "0 3 * * *", "jobTemplate": template, **spec}
    )


def budget(**spec):
    spec |= {"selector": {"matchLabels": {"app": "web"}}}
    return of("PodDisruptionBudget", "policy/v1", "web", spec=spec)


POD = "spec.template.spec"
FAULTS = {
    "selector": ([web(), service(app="wbe")], "service-selector", "Service/web", "spec.selector"),
    "target-port": (
        [web(), service(targetPort=9090)],
        "service-port",
        "Service/web",
        "spec.ports[80].targetPort",
    ),
    "port-name": (
        [web(), service(targetPort="htpp")],
        "service-port",
        "Service/web",
        "spec.ports[80].targetPort",
    ),
    "backend": (
        [web(), service(), ingress("wep")],
        "ingress-service",
        "Ingress/web",
        "spec.rules[].http.paths[web.local/].backend.service.name",
    ),
    "backend-port": (
        [web(), service(), ingress(port=8080)],
        "ingress-port",
        "Ingress/web",
        "spec.rules[].http.paths[web.local/].backend.service.port.number",
    ),
    "class": (
        [web(), service(), ingress(ingressClassName="ngnix") | {"metadata": {"name": "web"}}],
        "ingress-class",
        "Ingress/web",
        "spec.ingressClassName",
    ),
    "tls-secret": (
        [web(), service(), ingress(tls=[{"hosts": ["web.local"], "secretName": "web-tls"}])],
        "ingress-tls-missing",
        "Ingress/web",
        "spec.tls[0].secretName",
    ),
    "gpu": (
        [container(resources={"limits": {"nvidia.com/gpu": "5"}})],
        "request-too-large",
        "Deployment/web",
        f"{POD}.containers[web].resources.requests.nvidia.com/gpu",
    ),
    "cpu": (
        [container(resources={"requests": {"cpu": "4000"}})],
        "request-too-large",
        "Deployment/web",
        f"{POD}.containers[web].resources.requests.cpu",
    ),
    "node-selector": (
        [web(nodeSelector={"disk": "fast"})],
        "node-selector",
        "Deployment/web",
        f"{POD}.nodeSelector",
    ),
    "quota": (
        [of("ResourceQuota", "v1", "small", spec={"hard": {"pods": "1"}}), web(3)],
        "quota",
        "ResourceQuota/small",
        "spec.hard.pods",
    ),
    "quota-memory": (
        [of("ResourceQuota", "v1", "small", spec={"hard": {"requests.memory": "1Gi"}}), web()],
        "quota-needs-resources",
        "Deployment/web",
        f"{POD}.containers[web].resources.requests.memory",
    ),
    "limit-range": (
        [
            of(
                "LimitRange",
                "v1",
                "small",
                spec={"limits": [{"type": "Container", "max": {"memory": "64Mi"}}]},
            ),
            container(resources={"limits": {"memory": "1Gi"}}),
        ],
        "limit-range",
        "Deployment/web",
        f"{POD}.containers[web].resources.limits.memory",
    ),
    "account": (
        [web(serviceAccountName="robot")],
        "account-missing",
        "Deployment/web",
        f"{POD}.serviceAccountName",
    ),
    "storage-class": (
        [claim(), web(**volume("data"))],
        "storage-class",
        "PersistentVolumeClaim/data",
        "spec.storageClassName",
    ),
    "claim": (
        [web(**volume("data"))],
        "claim-missing",
        "Deployment/web",
        f"{POD}.volumes[data].persistentVolumeClaim.claimName",
    ),
    "hpa-target": (
        [web(), scaler("wbe")],
        "hpa-target",
        "HorizontalPodAutoscaler/web",
        "spec.scaleTargetRef.name",
    ),
    "hpa-requests": (
        [web(), scaler()],
        "hpa-requests",
        "Deployment/web",
        f"{POD}.containers[web].resources.requests.cpu",
    ),
    "suspended": ([cron(suspend=True)], "cron-suspended", "CronJob/nightly", "spec.suspend"),
    "deadline": (
        [cron(startingDeadlineSeconds=5)],
        "cron-deadline",
        "CronJob/nightly",
        "spec.startingDeadlineSeconds",
    ),
    "budget": (
        [web(2), budget(minAvailable=2)],
        "budget-blocks",
        "PodDisruptionBudget/web",
        "spec.minAvailable",
    ),
}
HEALTHY = {
    "service": [web(), service()],
    "service-number": [web(), service(targetPort=8080)],
    "no-declared-port": [deployment("web"), service(targetPort=9090)],
    "scaled-to-zero": [web(0), service()],
    "ingress": [web(), service(), ingress()],
    "external-name": [
        of("Service", "v1", "db", spec={"type": "ExternalName", "externalName": "db.example.com"})
    ],
    "no-selector": [of("Service", "v1", "old", spec={"ports": [{"port": 5432}]})],
    "quota": [of("ResourceQuota", "v1", "wide", spec={"hard": {"pods": "5"}}), web(2)],
    "limit-range": [
        of(
            "LimitRange",
            "v1",
            "wide",
            spec={"limits": [{"type": "Container", "default": {"memory": "64Mi"}}]},
        ),
        web(),
    ],
    "hpa": [container(resources={"requests": {"cpu": "100m"}}), scaler()],
    "cron": [cron()],
    "cron-deadline": [cron(startingDeadlineSeconds=60)],
    "budget": [web(2), budget(minAvailable=1)],
    "deny-all": [web(), of("NetworkPolicy", "networking.k8s.io/v1", "deny", spec={"podSelector": {}})],
    "configuration": [
        of("ConfigMap", "v1", "settings", data={"LEVEL": "info"}),
        container(envFrom=[{"configMapRef": {"name": "settings"}}]),
    ],
}


def looked(cluster):
    found = examine(scan(cluster, cluster.namespace))
    assert set(found.scan.unread) <= QUIET
    return found


def until(cluster, rule, seconds=20):
    """A diagnosis that names the rule; controllers and the scheduler need a moment."""
    deadline = time.monotonic() + seconds
    while True:
        found = looked(cluster)
        if any(cause.finding.id == rule for cause in found.causes) or time.monotonic() > deadline:
            return found
        time.sleep(0.3)


@pytest.mark.parametrize("name", FAULTS)
def test_the_cause_is_named_first_and_alone(namespace, name):
    objects, rule, where, field = FAULTS[name]
    namespace.apply(objects)
    found = until(namespace, rule)
    named = [(c.finding.id, str(c.finding.object).partition(" ")[0], c.finding.field) for c in found.causes]
    assert named == [(rule, where, field)]
    assert found.causes[0].finding.evidence


@pytest.mark.parametrize("name", HEALTHY)
def test_what_is_well_gives_nothing(namespace, name):
    namespace.apply(HEALTHY[name])
    for item in HEALTHY[name]:
        if item["kind"] == "Deployment":
            namespace.wait("Deployment", item["metadata"]["name"])
    if any(item["kind"] == "PodDisruptionBudget" for item in HEALTHY[name]):
        namespace.wait(
            "PodDisruptionBudget", "web", until=lambda pdb: pdb.at("status.currentHealthy", 0) == 2
        )
    assert [cause.finding.title for cause in looked(namespace).causes] == []


def test_the_number_of_calls_does_not_grow_with_the_cluster(namespace):
    before = scan(namespace).calls
    namespace.apply([web(20), service()])
    namespace.wait("Deployment", "web")
    assert scan(namespace).calls == before == 1 + sum(len(item.fields) for item in LISTINGS)


def test_who_may_read_little_gets_what_can_be_told_of_it(namespace, tmp_path, monkeypatch):
    namespace.apply([web(), service(app="wbe")])
    namespace.wait("Deployment", "web")
    rules = [
        {
            "apiGroups": ["", "apps"],
            "resources": ["pods", "services", "deployments", "replicasets"],
            "verbs": ["list"],
        }
    ]
    api = "rbac.authorization.k8s.io/v1"
    subject = {"kind": "ServiceAccount", "name": "default", "namespace": namespace.namespace}
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "little"}
    namespace.apply(
        [
            of("Role", api, "little", rules=rules),
            of("RoleBinding", api, "little", subjects=[subject], roleRef=ref),
        ]
    )
    monkeypatch.setenv("KUBECONFIG", as_service_account(namespace, tmp_path))
    limited = Cluster.from_kubeconfig(namespace=namespace.namespace)
    found = examine(scan(limited, namespace.namespace))
    assert [cause.finding.id for cause in found.causes] == ["service-selector"]
    assert "Secret" in found.notes[0]
    assert "Pod" not in found.scan.unread


def kit(cluster, monkeypatch, *arguments):
    monkeypatch.setenv("KUBECONFIG", str(cluster.api.binding.files[0]))
    return CliRunner().invoke(app, ["diagnose", *arguments, "--context", cluster.context])


def test_the_command_tells_keeps_and_tells_again_without_a_cluster(namespace, tmp_path, monkeypatch):
    namespace.apply([web(), service(app="wbe")])
    namespace.wait("Deployment", "web")
    kept = str(tmp_path / "kept.json.gz")
    done = kit(namespace, monkeypatch, namespace.namespace, "--format", "json", "--save", kept)
    assert done.exit_code == 1, done.output
    told = json.loads(done.stdout)
    assert told["causes"][0]["found"] == "app=wbe"
    assert told["causes"][0]["kind"] == "Service"
    assert told["causes"][0]["fix"].pop("checked") == "accepted"
    assert namespace.get("Service", "web").at("spec.selector") == {"app": "wbe"}  # it was only tried
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    again = CliRunner().invoke(app, ["diagnose", "--from", kept, "--format", "json"])
    assert again.exit_code == 1
    offline = json.loads(again.stdout)["causes"]
    assert offline[0]["fix"].pop("checked") == ""  # there is nobody to ask
    assert offline == told["causes"]
    shown = CliRunner().invoke(app, ["diagnose", "--from", kept])
    assert "Service web selects no pods" in shown.output


def test_a_fix_that_the_server_would_not_take_says_so(namespace):
    namespace.apply(claim())
    patch = ({"op": "replace", "path": "/spec/storageClassName", "value": "standard"},)
    fix = Fix("use class standard", Ref("PersistentVolumeClaim", "data", namespace.namespace), patch)
    assert tried(namespace, fix).checked.startswith("refused: ")
    assert "immutable" in tried(namespace, fix).checked
    by_hand = Fix("look at it")
    assert tried(namespace, by_hand) is by_hand


def test_one_object_is_looked_at_alone(namespace, monkeypatch):
    namespace.apply([web(), service(app="wbe"), service("other", app="oter")])
    namespace.wait("Deployment", "web")
    done = kit(namespace, monkeypatch, f"{namespace.namespace}/service/other", "--format", "json")
    assert [cause["name"] for cause in json.loads(done.stdout)["causes"]] == ["other"]
    well = kit(namespace, monkeypatch, f"{namespace.namespace}/deployment/web")
    assert well.exit_code == 0, well.output
    assert "nothing is wrong" in well.output


def test_a_target_that_is_not_there_is_refused_with_what_may_be_meant(namespace):
    namespace.apply(deployment("lonely"))
    with pytest.raises(NotFound) as refused:
        kitlib.diagnose("lonely", cluster=namespace)
    assert refused.value.fix == f"kit diagnose {namespace.namespace}/deployment/lonely"
    with pytest.raises(NotFound, match="there is no Deployment lonly") as refused:
        kitlib.diagnose(f"{namespace.namespace}/deploy/lonly", cluster=namespace)
    assert refused.value.fix == f"kit diagnose {namespace.namespace}/deployment/lonely"
    with pytest.raises(UsageError):
        kitlib.diagnose("a/b", cluster=namespace)


def test_a_pod_is_ill_by_what_its_owner_is_made_to_be(namespace):
    namespace.apply(web(nodeSelector={"disk": "fast"}))
    until(namespace, "node-selector")
    pod = namespace.list("Pod")[0].name
    found = kitlib.diagnose_pod(pod, namespace.namespace, namespace)
    assert [cause.finding.id for cause in found.diagnosis.causes] == ["node-selector"]
    assert found.answer.problem.kind == "no-model"
    assert "no node has the label disk=fast" in str(found)
    assert "no node has the label disk=fast" in found._repr_html_()
