"""The plain manifests: complete, deterministic, valid, and without the errors of the seed."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from artifacts_help import SPECS, application, rendered, with_container
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from kitlib.artifacts.manifests import ENVIRONMENTS, Target, config, manifests, objects
from kitlib.artifacts.manifests.component import STORE_PORTS
from kitlib.artifacts.rendering import compare_folder
from kitlib.errors import UsageError
from kitlib.specs.models.container import Variable

pytestmark = pytest.mark.slow

VERSION = "v1.34.0-local-strict"
SCHEMAS = Path(find_spec("kubernetes_validate").origin).parent / "kubernetes-json-schema" / VERSION
CUSTOM = {"ExternalSecret", "HTTPRoute", "Gateway"}
KINDS = {
    *("Namespace", "ServiceAccount", "Role", "RoleBinding", "ConfigMap", "Deployment", "StatefulSet"),
    *("Service", "Ingress", "NetworkPolicy"),
}


def every(environment):
    """The objects by kind and name."""
    found = objects(application(), environment)
    named = {(item["kind"], item["metadata"]["name"]): item for item in found}
    assert len(named) == len(found), "two objects share a name"
    return named


def of(environment, kind):
    return {name: item for (k, name), item in every(environment).items() if k == kind}


def pod(item):
    return item["spec"]["template"]["spec"] if item["kind"] != "Pod" else item["spec"]


@lru_cache(maxsize=1)
def definitions():
    resource = Resource.from_contents(json.loads((SCHEMAS / "_definitions.json").read_text()), DRAFT202012)
    return Registry().with_resource("/api/_definitions.json", resource)


@lru_cache(maxsize=64)
def validator(kind, api_version):
    group, _, version = api_version.rpartition("/")
    name = f"{kind.lower()}{'-' + group.split('.')[0] if group else ''}-{version}.json"
    return Draft202012Validator(json.loads((SCHEMAS / name).read_text()), registry=definitions())


def problems(item):
    return [error.message for error in validator(item["kind"], item["apiVersion"]).iter_errors(item)]


def documents():
    found = [
        (artifact.path, item)
        for artifact in manifests(application())
        for item in yaml.safe_load_all(artifact.text)
    ]
    assert len(found) > 60
    return found


def test_what_is_committed_is_what_renders():
    assert compare_folder(SPECS, "manifests/*").findings() == []


def test_rendering_twice_gives_the_same_bytes():
    assert manifests(application()) == manifests(application())


def test_every_kind_of_the_section_is_there():
    assert {kind for kind, _ in every("production")} == KINDS | {
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
        "ExternalSecret",
    }
    assert {kind for kind, _ in every("development")} == KINDS
    shown = {(path, item["kind"]) for path, item in documents() if path.startswith("manifests/reference/")}
    assert shown == {
        ("manifests/reference/pod.yaml", "Pod"),
        ("manifests/reference/gateway.yaml", "Gateway"),
        ("manifests/reference/gateway.yaml", "HTTPRoute"),
        ("manifests/reference/http-route.yaml", "HTTPRoute"),
    }


def test_each_route_belongs_to_a_listener_of_the_gateway_with_its_host():
    items = [item for path, item in documents() if path.startswith("manifests/reference/")]
    (gateway,) = (item for item in items if item["kind"] == "Gateway")
    listeners = {one["name"]: one for one in gateway["spec"]["listeners"]}
    used = set()
    for route in (item for item in items if item["kind"] == "HTTPRoute"):
        for parent in route["spec"]["parentRefs"]:
            assert parent["name"] == gateway["metadata"]["name"]
            listener = listeners[parent["sectionName"]]
            used.add(listener["name"])
            assert listener.get("hostname") in route["spec"].get("hostnames", [None])
    assert used == set(listeners)


def test_each_object_is_valid_in_its_schema():
    checked = [(path, item) for path, item in documents() if item["kind"] not in CUSTOM]
    assert [(path, found) for path, item in checked if (found := problems(item))] == []


def test_the_schemas_refuse_what_is_misspelt():
    item = json.loads(json.dumps(of("production", "Deployment")["api"]))
    item["spec"]["template"]["spec"]["containers"][0]["imagePulPolicy"] = "Never"
    assert any("imagePulPolicy" in text for text in problems(item))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_pod_meets_the_restricted_standard(environment):
    workloads = of(environment, "Deployment") | of(environment, "StatefulSet")
    for item in workloads.values():
        spec = pod(item)
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        for container in [*spec["containers"], *spec.get("initContainers", [])]:
            rights = container["securityContext"]
            assert rights["allowPrivilegeEscalation"] is False
            assert rights["readOnlyRootFilesystem"] is True
            assert rights["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"].keys() == {"requests", "limits"}
            assert not container["image"].endswith(":latest")


def test_the_namespace_enforces_warns_and_audits():
    labels = of("production", "Namespace")["todo-app"]["metadata"]["labels"]
    marks = {key: value for key, value in labels.items() if key.startswith("pod-security")}
    assert marks == {
        f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")
    }


def test_an_autoscaler_owns_the_replicas_alone():
    scaled = of("production", "HorizontalPodAutoscaler")
    for name, item in of("production", "Deployment").items():
        assert ("replicas" in item["spec"]) != (name in scaled)
    assert scaled["api"]["spec"]["minReplicas"] == 2
    assert scaled["api"]["spec"]["maxReplicas"] == 10
    goals = {m["resource"]["name"]: m["resource"]["target"] for m in scaled["api"]["spec"]["metrics"]}
    assert {name: target["averageUtilization"] for name, target in goals.items()} == {"cpu": 70, "memory": 80}
    assert all("replicas" in item["spec"] for item in of("development", "Deployment").values())


def test_a_budget_is_only_for_two_replicas_and_more_and_lets_a_drain_pass():
    assert {
        name: item["spec"]["maxUnavailable"] for name, item in of("production", "PodDisruptionBudget").items()
    } == {
        "frontend": 1,
        "api": 1,
    }
    assert of("development", "PodDisruptionBudget") == {}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_selectors_hold_no_version_and_select_their_own_pods_only(environment):
    workloads = of(environment, "Deployment") | of(environment, "StatefulSet")
    selectors = {name: item["spec"]["selector"]["matchLabels"] for name, item in workloads.items()}
    for name, item in workloads.items():
        labels = item["spec"]["template"]["metadata"]["labels"]
        assert "app.kubernetes.io/version" not in labels
        assert [other for other, wanted in selectors.items() if wanted.items() <= labels.items()] == [name]
    assert "app.kubernetes.io/version" in workloads["api"]["metadata"]["labels"]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_services_ingress_and_probes_lead_to_ports_that_exist(environment):
    found = every(environment)
    for item in of(environment, "Ingress").values():
        for rule in item["spec"]["rules"]:
            backend = rule["http"]["paths"][0]["backend"]["service"]
            ports = found["Service", backend["name"]]["spec"]["ports"]
            assert backend["port"]["name"] in {port["name"] for port in ports}
    for name, item in of(environment, "Service").items():
        kind = "StatefulSet" if name.removesuffix("-headless") in STORE_PORTS else "Deployment"
        container = pod(found[kind, name.removesuffix("-headless")])["containers"][0]
        names = {port["name"] for port in container["ports"]}
        assert {port["targetPort"] for port in item["spec"]["ports"]} <= names
        for probe in (value for key, value in container.items() if key.endswith("Probe")):
            assert probe.get("httpGet", {}).get("port", "http") in names | {"http"}


def test_the_headless_service_is_the_stateful_sets_own():
    found = every("production")
    for name, item in of("production", "StatefulSet").items():
        service = found["Service", item["spec"]["serviceName"]]
        assert service["spec"]["clusterIP"] == "None"
        assert item["spec"]["serviceName"] == f"{name}-headless"


def test_the_ingress_has_a_class_tls_and_a_limit_in_production():
    item = of("production", "Ingress")["todo-app"]
    notes = item["metadata"]["annotations"]
    assert item["spec"]["ingressClassName"] == "nginx"
    assert "kubernetes.io/ingress.class" not in notes
    assert notes["nginx.ingress.kubernetes.io/limit-rpm"] == "100"
    assert item["spec"]["tls"][0]["hosts"] == ["app.example.com", "api.example.com"]
    dev = of("development", "Ingress")["todo-app"]
    assert "tls" not in dev["spec"]
    assert [rule["host"] for rule in dev["spec"]["rules"]] == ["todo.local", "api.todo.local"]


def test_no_file_holds_a_secret_value():
    assert [path for path, item in documents() if item["kind"] == "Secret"] == []
    for item in of("production", "ExternalSecret").values():
        assert all(row.keys() == {"secretKey", "remoteRef"} for row in item["spec"]["data"])
    assert "postgresql://" not in "".join(artifact.text for artifact in manifests(application()))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_pod_finds_the_configuration_it_refers_to(environment):
    target = Target(application(), environment)
    made = config.secrets(target, "p", lambda: "x") + objects(application(), environment)
    names = {(item["kind"], item["metadata"]["name"]): item for item in made}
    for item in of(environment, "Deployment").values():
        container = pod(item)["containers"][0]
        for source in container["envFrom"]:
            if "configMapRef" in source:
                assert names["ConfigMap", source["configMapRef"]["name"]]["data"]
            else:
                assert names["Secret", source["secretRef"]["name"]]["stringData"]
    if environment == "production":
        wanted = {
            name: {r["secretKey"] for r in e["spec"]["data"]}
            for name, e in of(environment, "ExternalSecret").items()
        }
        secrets = {
            item["metadata"]["name"]: set(item["stringData"]) for item in made if item["kind"] == "Secret"
        }
        assert wanted == secrets


def test_policies_allow_exactly_the_calls_dns_and_the_controller():
    policies = of("production", "NetworkPolicy")
    assert policies["default-deny"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert policies["allow-dns"]["spec"]["egress"][0]["ports"] == [
        {"port": 53, "protocol": "UDP"},
        {"port": 53, "protocol": "TCP"},
    ]
    calls = {
        (name, peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"], rule["ports"][0]["port"])
        for name, item in policies.items()
        if name != "allow-dns"
        for rule in item["spec"].get("egress", [])
        for peer in rule["to"]
    }
    assert calls == {
        ("frontend", "api", 8000),
        ("api", "postgresql", 5432),
        ("api", "redis", 6379),
        ("worker", "postgresql", 5432),
        ("worker", "redis", 6379),
    }
    accepted = {
        (peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"], name, rule["ports"][0]["port"])
        for name, item in policies.items()
        for rule in item["spec"].get("ingress", [])
        for peer in rule["from"]
        if "podSelector" in peer
    }
    assert accepted == calls
    outside = {
        (
            name,
            peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"],
            rule["ports"][0]["port"],
        )
        for name, item in policies.items()
        for rule in item["spec"].get("ingress", [])
        for peer in rule["from"]
        if "namespaceSelector" in peer
    }
    assert outside == {
        ("frontend", "ingress-nginx", 3000),
        ("api", "ingress-nginx", 8000),
        ("api", "monitoring", 9090),
    }


def test_a_changed_setting_changes_the_pods():
    before = of("production", "Deployment")["api"]["spec"]["template"]["metadata"]["annotations"]
    variables = tuple(
        Variable(name=v.name, required=v.required, default="WARNING", source=v.source)
        if v.name == "LOG_LEVEL"
        else v
        for v in application().containers["api"].variables
    )
    changed = objects(with_container("api", variables=variables), "production")
    after = next(i for i in changed if (i["kind"], i["metadata"]["name"]) == ("Deployment", "api"))
    assert after["spec"]["template"]["metadata"]["annotations"] != before


def test_a_managed_database_has_no_pods_in_production_and_is_reached_in_its_network():
    app = application()
    storage = app.architecture.storage.model_copy(update={"database_managed": True})
    app = app.model_copy(update={"architecture": app.architecture.model_copy(update={"storage": storage})})
    found = {(item["kind"], item["metadata"]["name"]): item for item in objects(app, "production")}
    assert ("StatefulSet", "postgresql") not in found
    assert ("StatefulSet", "redis") in found
    peers = [rule["to"][0] for rule in found["NetworkPolicy", "api"]["spec"]["egress"]]
    assert {"ipBlock": {"cidr": "10.0.0.0/16"}} in peers
    assert ("StatefulSet", "postgresql") in {
        (item["kind"], item["metadata"]["name"]) for item in objects(app, "development")
    }


def test_a_store_without_a_manifest_is_refused():
    app = application()
    storage = app.architecture.storage.model_copy(update={"database": "MySQL"})
    app = app.model_copy(update={"architecture": app.architecture.model_copy(update={"storage": storage})})
    with pytest.raises(UsageError, match="MySQL"):
        objects(app, "production")


def test_a_required_setting_without_a_value_is_refused():
    variable = Variable(name="REGION", required=True, source="ConfigMap")
    app = with_container("api", variables=(variable, *application().containers["api"].variables))
    with pytest.raises(UsageError, match="REGION of api"):
        objects(app, "production")


def test_the_manifests_are_among_the_rendered_files():
    assert "manifests/production/deployments.yaml" in rendered()
