"""The chart, rendered by the real Helm: what it makes, what it refuses, and what every pod obeys."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from kitlib import tools
from kitlib.errors import CommandFailed

pytestmark = pytest.mark.slow

CHART = Path(__file__).parents[2] / "charts/todo-app"
PASSWORD = {"postgresql": {"auth": {"password": "x"}}}
WORKLOADS = ("Deployment", "StatefulSet")
COMPONENTS = ("api", "frontend", "worker")
EVERYTHING = {
    **PASSWORD,
    "networkPolicy": {"enabled": True},
    "redis": {"auth": {"enabled": True, "password": "y"}},
    "worker": {"replicaCount": 3},
    "ingress": {"tls": [{"secretName": "tls", "hosts": ["api.example.com"]}]},
}


def helm(*arguments, values=None):
    command = [tools.find("helm"), *arguments, "--values", "-"]
    return tools.run(command, input=json.dumps(values or {})).stdout


def render(values=None, *, env=None, release="todo-app", extra=()):
    """The objects by kind and name; `env` is dev or prod."""
    files = ["--values", CHART / f"values-{env}.yaml"] if env else []
    text = helm("template", release, CHART, "--namespace", "apps", *files, *extra, values=values)
    found = [item for item in yaml.safe_load_all(text) if item]
    objects = {(item["kind"], item["metadata"]["name"]): item for item in found}
    assert len(objects) == len(found), "two objects share a name"
    return objects


def refused(values=None, **options):
    with pytest.raises(CommandFailed) as caught:
        render(values, **options)
    return str(caught.value)


def merge(*layers):
    result = {}
    for layer in layers:
        for key, value in layer.items():
            both = isinstance(value, dict) and isinstance(result.get(key), dict)
            result[key] = merge(result[key], value) if both else value
    return result


def pods(objects):
    return {key: item["spec"]["template"] for key, item in objects.items() if key[0] in WORKLOADS}


def container(objects, name, kind="Deployment"):
    return objects[kind, f"todo-app-{name}"]["spec"]["template"]["spec"]["containers"][0]


def environment(objects, name):
    """What a component's process finds: ConfigMap and Secret first, its own entries over them."""
    found = dict(objects["ConfigMap", f"todo-app-{name}"]["data"])
    found |= objects.get(("Secret", f"todo-app-{name}"), {}).get("stringData", {})
    own = container(objects, name).get("env", [])
    return found | {item["name"]: item.get("value", item.get("valueFrom")) for item in own}


CASES = {
    "default": {"values": PASSWORD},
    "dev": {"values": PASSWORD, "env": "dev"},
    "prod": {"env": "prod"},
    "everything": {"values": EVERYTHING},
    "everything in dev": {"values": EVERYTHING, "env": "dev"},
    "own stores": {
        "values": {
            "postgresql": {"enabled": False},
            "redis": {"enabled": False},
            "api": {"secrets": {"DATABASE_URL": "postgresql://u:p@db/x", "REDIS_URL": "redis://r"}},
        }
    },
    "no persistence": {
        "values": merge(
            PASSWORD,
            {"postgresql": {"primary": {"persistence": {"enabled": False}}}},
            {"redis": {"master": {"persistence": {"enabled": False}}}},
        )
    },
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_helm_lint_finds_nothing(env):
    said = helm("lint", CHART, "--strict", "--values", CHART / f"values-{env}.yaml", values=PASSWORD)
    assert "0 chart(s) failed" in said


def test_the_objects_have_the_names_others_rely_on():
    names = {f"{kind}/{name}" for kind, name in render(PASSWORD, env="dev")}
    assert names == {
        "ServiceAccount/todo-app",
        "Ingress/todo-app",
        *(f"{k}/todo-app-api" for k in ("ConfigMap", "Secret", "Service", "Deployment")),
        *(f"{k}/todo-app-frontend" for k in ("ConfigMap", "Service", "Deployment")),
        *(f"{k}/todo-app-worker" for k in ("ConfigMap", "Secret", "Deployment")),
        *(f"{k}/todo-app-{s}" for k in ("Secret", "Service", "StatefulSet") for s in ("postgresql", "redis")),
        *(f"Service/todo-app-{store}-headless" for store in ("postgresql", "redis")),
    }


def test_another_release_name_keeps_all_names_apart():
    objects = render(PASSWORD, release="shop")
    assert all(name.startswith("shop") for _, name in objects)
    assert "@shop-postgresql:5432/" in objects["Secret", "shop-todo-app-api"]["stringData"]["DATABASE_URL"]


def test_a_long_release_name_still_makes_valid_names():
    assert all(len(name) <= 63 for _, name in render(PASSWORD, release="r" * 53))


# --- pods


@every_case
def test_every_pod_meets_the_restricted_standard(case):
    """Source: kubernetes.io/docs/concepts/security/pod-security-standards, Restricted."""
    for template in pods(render(**case)).values():
        spec = template["spec"]
        security = spec["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["runAsUser"] > 0
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
        assert all({"emptyDir", "secret"} & set(volume) for volume in spec.get("volumes", []))
        for one in [*spec["containers"], *spec.get("initContainers", [])]:
            assert one["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


@every_case
def test_every_container_has_requests_limits_and_a_pinned_image(case):
    for template in pods(render(**case)).values():
        for one in [*template["spec"]["containers"], *template["spec"].get("initContainers", [])]:
            assert {"cpu", "memory"} == set(one["resources"]["requests"]) == set(one["resources"]["limits"])
            tag = one["image"].rpartition(":")[2]
            assert tag not in ("", "latest")
            assert "/" not in tag


@every_case
def test_every_container_that_stays_has_startup_and_liveness_probes(case):
    for (_, name), template in pods(render(**case)).items():
        probes = {key for key in template["spec"]["containers"][0] if key.endswith("Probe")}
        expected = {"startupProbe", "livenessProbe"} | (set() if "worker" in name else {"readinessProbe"})
        assert probes == expected, name


def test_the_api_migrates_first_with_the_environment_it_runs_in():
    spec = render(PASSWORD)["Deployment", "todo-app-api"]["spec"]["template"]["spec"]
    [migrate], [api] = spec["initContainers"], spec["containers"]
    assert migrate["command"] == ["python", "-m", "app.migrate"]
    same = ("image", "env", "envFrom", "resources", "volumeMounts")
    assert {key: migrate[key] for key in same} == {key: api[key] for key in same}


def test_the_frontend_may_write_to_its_cache_and_tmp_and_waits_before_it_stops():
    spec = render(PASSWORD)["Deployment", "todo-app-frontend"]["spec"]["template"]["spec"]
    [frontend] = spec["containers"]
    mounts = {mount["name"]: mount["mountPath"] for mount in frontend["volumeMounts"]}
    assert mounts == {"tmp": "/tmp", "next-cache": "/app/.next/cache"}
    assert {volume["name"]: volume["emptyDir"] for volume in spec["volumes"]} == {name: {} for name in mounts}
    wait = frontend["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert 0 < wait < spec["terminationGracePeriodSeconds"] / 2
    assert "lifecycle" not in container(render(PASSWORD), "api")


def test_a_rollout_never_takes_a_replica_away_before_its_successor_is_ready():
    for name in COMPONENTS:
        strategy = render(PASSWORD)["Deployment", f"todo-app-{name}"]["spec"]["strategy"]
        assert strategy["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


@every_case
def test_the_version_is_a_label_and_in_no_selector_and_no_claim(case):
    version = "app.kubernetes.io/version"
    for (kind, name), item in render(**case).items():
        assert version in item["metadata"]["labels"], (kind, name)
        inner = json.dumps(item.get("spec", {}))
        assert version not in inner, (kind, name)
        assert "helm.sh/chart" not in inner, (kind, name)


@every_case
def test_selectors_find_exactly_one_workload_each(case):
    objects = render(**case)
    labels = {key: set(template["metadata"]["labels"].items()) for key, template in pods(objects).items()}
    for (kind, name), item in objects.items():
        spec = item.get("spec", {})
        selector = spec.get("selector") if kind in ("Service", *WORKLOADS, "PodDisruptionBudget") else None
        selector = spec["podSelector"] if kind == "NetworkPolicy" else selector
        if selector:
            wanted = set((selector.get("matchLabels") or selector).items())
            assert [n for (_, n), found in labels.items() if wanted <= found] == [
                name.removesuffix("-headless")
            ], (
                kind,
                name,
            )


# --- replicas, autoscaling, disruption


scaled_components = pytest.mark.parametrize("component", ["api", "frontend"])


@scaled_components
def test_replicas_are_left_to_the_autoscaler_when_there_is_one(component):
    name = f"todo-app-{component}"
    scaled = render(PASSWORD)
    assert "replicas" not in scaled["Deployment", name]["spec"]
    target = scaled["HorizontalPodAutoscaler", name]["spec"]["scaleTargetRef"]
    assert target == {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    fixed = render(merge(PASSWORD, {component: {"replicaCount": 4, "autoscaling": {"enabled": False}}}))
    assert fixed["Deployment", name]["spec"]["replicas"] == 4
    assert ("HorizontalPodAutoscaler", name) not in fixed


def test_the_frontend_is_scaled_by_cpu_and_by_memory_only_when_asked():
    def measured(values):
        scaler = render(merge(PASSWORD, values))["HorizontalPodAutoscaler", "todo-app-frontend"]
        return [metric["resource"]["name"] for metric in scaler["spec"]["metrics"]]

    assert measured({}) == ["cpu"]
    assert measured({"frontend": {"autoscaling": {"targetMemoryUtilization": 90}}}) == ["cpu", "memory"]


@pytest.mark.parametrize(
    ("component", "resource", "target"),
    [("api", "cpu", "CPU"), ("api", "memory", "Memory"), ("frontend", "cpu", "CPU")],
)
def test_an_autoscaler_without_the_request_it_divides_by_is_refused(component, resource, target):
    values = merge(PASSWORD, {component: {"resources": {"requests": {resource: None}}}})
    assert f"{component}.resources.requests.{resource} is needed" in refused(values)
    other = {"targetMemoryUtilization": 80, f"target{target}Utilization": None}
    render(merge(values, {component: {"autoscaling": other}}))


@pytest.mark.parametrize(
    ("replicas", "scaling", "protected"),
    [(1, False, False), (2, False, True), (1, True, True), (0, False, False)],
)
@scaled_components
def test_a_disruption_budget_needs_two_replicas(component, replicas, scaling, protected):
    values = {"replicaCount": replicas, "autoscaling": {"enabled": scaling}}
    objects = render(merge(PASSWORD, {component: values}))
    name = f"todo-app-{component}"
    assert (("PodDisruptionBudget", name) in objects) is protected
    assert ("PodDisruptionBudget", "todo-app-worker") not in objects
    if protected:
        assert objects["PodDisruptionBudget", name]["spec"]["maxUnavailable"] == 1


def test_an_autoscaler_that_may_go_down_to_one_has_no_budget():
    objects = render(merge(PASSWORD, {"api": {"autoscaling": {"minReplicas": 1}}}))
    assert ("PodDisruptionBudget", "todo-app-api") not in objects


def test_min_available_is_refused_with_the_reason():
    said = refused(merge(PASSWORD, {"podDisruptionBudget": {"minAvailable": 1}}))
    assert "blocks every node drain" in said
    assert "maxUnavailable" in said


# --- configuration and secrets


def test_a_missing_password_is_refused_and_the_message_says_what_to_do():
    said = refused(env="dev")
    assert "postgresql.auth.password" in said
    assert "postgresql.auth.existingSecret" in said


@pytest.mark.parametrize("password", ["plain", "a b", "p@ss:w/rd?#%+", "ü€", '"quoted" \\ `x`'])
def test_any_password_survives_the_way_into_the_url(password):
    objects = render({"postgresql": {"auth": {"password": password}}})
    assert objects["Secret", "todo-app-postgresql"]["stringData"]["password"] == password
    for name in ("api", "worker"):
        url = urlsplit(objects["Secret", f"todo-app-{name}"]["stringData"]["DATABASE_URL"])
        assert unquote(url.password or "") == password
        assert (url.scheme, url.username, url.hostname, url.port, url.path) == (
            "postgresql",
            "todoapp",
            "todo-app-postgresql",
            5432,
            "/todoapp",
        )


def test_an_existing_secret_keeps_the_password_out_of_the_release():
    values = {"postgresql": {"auth": {"existingSecret": "mine"}}}
    objects = render(values)
    assert ("Secret", "todo-app-postgresql") not in objects
    assert "DATABASE_URL" not in objects["Secret", "todo-app-api"]["stringData"]
    for name in ("api", "worker"):
        found = environment(objects, name)
        assert found["POSTGRES_PASSWORD"] == {"secretKeyRef": {"name": "mine", "key": "password"}}
        assert found["DATABASE_URL"].startswith("postgresql://todoapp:$(POSTGRES_PASSWORD)@")
        order = [item["name"] for item in container(objects, name)["env"]]
        assert order.index("POSTGRES_PASSWORD") < order.index("DATABASE_URL")  # $(…) sees earlier ones only
    server = container(objects, "postgresql", "StatefulSet")["env"]
    assert {"secretKeyRef": {"name": "mine", "key": "password"}} in [e.get("valueFrom") for e in server]


def test_a_secret_made_elsewhere_replaces_the_charts_own():
    objects = render(merge(PASSWORD, {"api": {"existingSecret": "from-vault"}}))
    assert ("Secret", "todo-app-api") not in objects
    assert {"secretRef": {"name": "from-vault"}} in container(objects, "api")["envFrom"]
    assert ("Secret", "todo-app-worker") in objects


@pytest.mark.parametrize(
    ("store", "key", "url"),
    [("postgresql", "DATABASE_URL", "postgresql://u:p@db/x"), ("redis", "REDIS_URL", "redis://r:6379/1")],
)
def test_a_store_is_either_in_the_chart_or_named_by_a_url(store, key, url):
    off = {store: {"enabled": False}}
    given = {"api": {"secrets": {key: url}}}
    assert f"api.secrets.{key} is needed because {store}.enabled is false" in refused(merge(PASSWORD, off))
    assert "exclude each other" in refused(merge(PASSWORD, given))
    objects = render(merge(PASSWORD, off, given))
    assert environment(objects, "api")[key] == environment(objects, "worker")[key] == url
    assert ("StatefulSet", f"todo-app-{store}") not in objects


def test_redis_with_authentication_asks_for_a_password_and_uses_it_everywhere():
    on = {"redis": {"auth": {"enabled": True}}}
    assert "redis.auth.password" in refused(merge(PASSWORD, on))
    objects = render(merge(PASSWORD, on, {"redis": {"auth": {"password": "p/w"}}}))
    assert environment(objects, "api")["REDIS_URL"] == "redis://:p%2Fw@todo-app-redis:6379/0"
    assert 'requirepass "p/w"' in objects["Secret", "todo-app-redis"]["stringData"]["redis.conf"]
    assert container(objects, "redis", "StatefulSet")["env"][0]["name"] == "REDISCLI_AUTH"


def test_further_secrets_are_passed_on_and_empty_ones_refused():
    with_one = {"api": {"secrets": {"JWT_SECRET": "s"}}}
    assert environment(render(merge(PASSWORD, with_one)), "api")["JWT_SECRET"] == "s"
    assert "api.secrets.JWT_SECRET is empty" in refused(
        merge(PASSWORD, {"api": {"secrets": {"JWT_SECRET": ""}}})
    )


def test_the_frontend_is_given_no_secret():
    objects = render(merge(PASSWORD, {"postgresql": {"auth": {"existingSecret": "mine"}}}))
    assert ("Secret", "todo-app-frontend") not in objects
    assert container(objects, "frontend")["envFrom"] == [{"configMapRef": {"name": "todo-app-frontend"}}]
    assert environment(objects, "frontend") == {"API_URL": "http://todo-app-api", "PORT": "3000"}


def test_the_frontend_finds_the_api_of_its_release_wherever_that_listens():
    def address(values, **options):
        objects = render(merge(PASSWORD, values), **options)
        name = next(n for kind, n in objects if kind == "ConfigMap" and n.endswith("-frontend"))
        return objects["ConfigMap", name]["data"]["API_URL"]

    assert address({}) == "http://todo-app-api"
    assert address({}, release="shop") == "http://shop-todo-app-api"
    assert address({"api": {"service": {"port": 8080}}}) == "http://todo-app-api:8080"
    assert address({"frontend": {"env": {"API_URL": "http://elsewhere/v1"}}}) == "http://elsewhere/v1"


def test_a_frontend_without_an_api_is_refused():
    off = {"api": {"enabled": False}}
    assert "frontend.env.API_URL is needed because api.enabled is false" in refused(merge(PASSWORD, off))
    assert ("Deployment", "todo-app-frontend") in render(
        merge(PASSWORD, off, {"frontend": {"env": {"API_URL": "http://elsewhere"}}})
    )
    alone = render(merge(PASSWORD, off, {"frontend": {"enabled": False}}))
    assert not [name for _, name in alone if name.endswith(("-frontend", "-api"))]


@pytest.mark.parametrize("file", ["values.yaml", "values-dev.yaml", "values-prod.yaml"])
def test_no_secret_is_committed(file):
    values = yaml.safe_load((CHART / file).read_text())
    assert not any(
        (values.get(name) or {}).get("secrets", {}).get(key)
        for name in ("api", "worker")
        for key in ("DATABASE_URL", "REDIS_URL")
    )
    assert not any(
        (values.get(store) or {}).get("auth", {}).get("password") for store in ("postgresql", "redis")
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1000000, "1000000"),
        (123456789012, "123456789012"),
        (True, "true"),
        (1.5, "1.5"),
        ("007", "007"),
        (0, "0"),
    ],
)
def test_environment_values_arrive_as_they_were_written(value, text):
    assert environment(render(merge(PASSWORD, {"api": {"env": {"LIMIT": value}}})), "api")["LIMIT"] == text


def test_integers_from_the_command_line_arrive_as_they_were_written():
    objects = render(PASSWORD, extra=("--set", "api.env.LIMIT=1000000,api.env.DEBUG=true"))
    assert environment(objects, "api")["LIMIT"] == "1000000"
    assert environment(objects, "api")["DEBUG"] == "true"


def test_a_change_of_configuration_rolls_the_pods_it_concerns_and_no_others():
    def annotations(values):
        return {
            name: template["metadata"].get("annotations", {})
            for (_, name), template in pods(render(merge(PASSWORD, values))).items()
        }

    before = annotations({})
    assert annotations({}) == before
    configured = annotations({"api": {"env": {"LOG_LEVEL": "ERROR"}}})
    assert {name for name in before if before[name] != configured[name]} == {"todo-app-api"}
    readdressed = annotations({"frontend": {"env": {"API_URL": "http://elsewhere"}}})
    assert {name for name in before if before[name] != readdressed[name]} == {"todo-app-frontend"}
    repassworded = annotations({"postgresql": {"auth": {"password": "other"}}})
    changed = {name for name in before if before[name] != repassworded[name]}
    assert changed == {"todo-app-api", "todo-app-worker"}


# --- images


def test_the_registry_applies_to_our_own_images_alone():
    objects = render(PASSWORD)
    assert container(objects, "api")["image"] == "ghcr.io/myorg/todo-api:1.0.0"
    assert container(objects, "frontend")["image"] == "ghcr.io/myorg/todo-frontend:1.0.0"
    assert container(objects, "worker")["image"] == "ghcr.io/myorg/todo-worker:1.0.0"
    assert container(objects, "postgresql", "StatefulSet")["image"] == "postgres:15"
    assert container(objects, "redis", "StatefulSet")["image"] == "redis:7"
    assert container(render(PASSWORD, env="dev"), "api")["image"] == "todo-api:dev"


@pytest.mark.parametrize("component", [*COMPONENTS, "postgresql", "redis"])
def test_the_tag_latest_is_refused_and_a_digest_wins_over_a_tag(component):
    said = refused(merge(PASSWORD, {component: {"image": {"tag": "latest"}}}))
    assert f"{component}.image.tag" in said
    digest = "sha256:" + "a" * 64
    objects = render(merge(PASSWORD, {component: {"image": {"digest": digest}}}))
    kind = "Deployment" if component in COMPONENTS else "StatefulSet"
    assert container(objects, component, kind)["image"].endswith(f"@{digest}")


# --- the network


def test_ingress_uses_the_class_field_and_points_at_the_service():
    item = render(PASSWORD)["Ingress", "todo-app"]
    assert item["spec"]["ingressClassName"] == "nginx"
    assert "kubernetes.io/ingress.class" not in item["metadata"]["annotations"]
    for rule in item["spec"]["rules"]:
        [path] = rule["http"]["paths"]
        assert path["pathType"] == "Prefix"
        assert path["backend"]["service"]["port"] == {"name": "http"}


@pytest.mark.parametrize(
    ("env", "hosts"),
    [
        ("dev", {"todo.local": "todo-app-frontend", "api.todo.local": "todo-app-api"}),
        ("prod", {"app.example.com": "todo-app-frontend", "api.example.com": "todo-app-api"}),
    ],
)
def test_each_host_leads_to_its_service_and_has_its_certificate(env, hosts):
    spec = render(PASSWORD if env == "dev" else None, env=env)["Ingress", "todo-app"]["spec"]
    paths = {rule["host"]: rule["http"]["paths"][0] for rule in spec["rules"]}
    assert {host: path["backend"]["service"]["name"] for host, path in paths.items()} == hosts
    covered = {host for entry in spec.get("tls", []) for host in entry["hosts"]}
    assert covered == (set() if env == "dev" else set(hosts))


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_rate_limits_use_annotations_that_exist(env):
    values = None if env == "prod" else PASSWORD
    names = set(render(values, env=env)["Ingress", "todo-app"]["metadata"]["annotations"])
    assert not {n for n in names if n.endswith(("/rate-limit", "/rate-limit-window"))}


def test_network_policies_allow_dns_and_keep_the_stores_for_the_api_and_the_worker():
    assert not [key for key in render(PASSWORD) if key[0] == "NetworkPolicy"]
    objects = render(merge(PASSWORD, {"networkPolicy": {"enabled": True}}))
    for name in ("api", "worker"):
        egress = objects["NetworkPolicy", f"todo-app-{name}"]["spec"]["egress"]
        dns = [rule for rule in egress if {"port": 53, "protocol": "UDP"} in rule["ports"]]
        assert dns[0]["to"][0]["podSelector"]["matchLabels"] == {"k8s-app": "kube-dns"}
        assert [rule["ports"][0]["port"] for rule in egress] == [53, 5432, 6379]
    for store in ("postgresql", "redis"):
        spec = objects["NetworkPolicy", f"todo-app-{store}"]["spec"]
        assert spec["policyTypes"] == ["Ingress", "Egress"]
        assert "egress" not in spec
        [peer] = spec["ingress"][0]["from"]
        allowed = peer["podSelector"]["matchExpressions"][0]["values"]
        labels = {name: template["metadata"]["labels"] for (_, name), template in pods(objects).items()}
        wanted = set(peer["podSelector"]["matchLabels"].items())
        let_in = {
            name
            for name, found in labels.items()
            if wanted <= set(found.items()) and found["app.kubernetes.io/component"] in allowed
        }
        assert let_in == {"todo-app-api", "todo-app-worker"}


def test_the_frontend_reaches_the_api_and_nothing_else():
    on = {"networkPolicy": {"enabled": True, "extraEgress": [{"ports": [{"port": 5432}]}]}}
    objects = render(merge(PASSWORD, on))
    spec = objects["NetworkPolicy", "todo-app-frontend"]["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    dns, api = spec["egress"]
    assert [port["port"] for port in dns["ports"]] == [53, 53]
    assert api["ports"] == [{"port": "http", "protocol": "TCP"}]
    [peer] = api["to"]
    wanted = set(peer["podSelector"]["matchLabels"].items())
    found = {name for (_, name), t in pods(objects).items() if wanted <= set(t["metadata"]["labels"].items())}
    assert found == {"todo-app-api"}


def in_namespaces(*names):
    entry = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(names)}
    return {"namespaceSelector": {"matchExpressions": [entry]}}


def callers(values, component="api"):
    """Who may call a component: its policy's rules for incoming connections, by the port's name."""
    objects = render(merge(PASSWORD, {"networkPolicy": {"enabled": True}}, values))
    rules = objects["NetworkPolicy", f"todo-app-{component}"]["spec"].get("ingress", [])
    assert all(rule["from"] for rule in rules), "an empty `from` lets everybody in"
    return {rule["ports"][0]["port"]: rule["from"] for rule in rules}


def test_the_api_is_called_by_the_frontend_the_ingress_controller_and_prometheus():
    labels = {"app.kubernetes.io/name": "todo-app", "app.kubernetes.io/instance": "todo-app"}
    page = {"podSelector": {"matchLabels": labels | {"app.kubernetes.io/component": "frontend"}}}
    assert callers({}) == {
        "http": [page, in_namespaces("ingress-nginx")],
        "metrics": [in_namespaces("monitoring")],
    }
    assert callers({}, "frontend") == {"http": [in_namespaces("ingress-nginx")]}
    assert callers({}, "worker") == {}


def test_who_may_call_follows_the_values():
    elsewhere = {"networkPolicy": {"ingressNamespaces": ["traefik", "edge"], "monitoringNamespaces": []}}
    assert callers(elsewhere, "frontend") == {"http": [in_namespaces("traefik", "edge")]}
    assert set(callers(elsewhere)) == {"http"}
    assert "metrics" not in callers({"metrics": {"enabled": False}})
    assert len(callers({"ingress": {"enabled": False}})["http"]) == 1
    assert callers({"ingress": {"enabled": False}}, "frontend") == {}
    alone = {"frontend": {"enabled": False}, "ingress": {"hosts": []}, "metrics": {"enabled": False}}
    assert callers(alone) == {}


def test_each_stateful_set_has_a_headless_service():
    objects = render(PASSWORD)
    for store in ("postgresql", "redis"):
        named = objects["StatefulSet", f"todo-app-{store}"]["spec"]["serviceName"]
        assert objects["Service", named]["spec"]["clusterIP"] == "None"


def test_an_api_elsewhere_is_reached_by_a_rule_of_the_frontends_own():
    rule = {"to": [{"ipBlock": {"cidr": "10.1.2.3/32"}}], "ports": [{"port": 443, "protocol": "TCP"}]}
    values = {
        "networkPolicy": {"enabled": True, "frontendExtraEgress": [rule]},
        "frontend": {"env": {"API_URL": "https://elsewhere"}},
    }
    objects = render(merge(PASSWORD, values))
    assert objects["NetworkPolicy", "todo-app-frontend"]["spec"]["egress"][1:] == [rule]
    assert rule not in objects["NetworkPolicy", "todo-app-api"]["spec"]["egress"]


def test_a_database_elsewhere_is_reached_by_a_rule_of_ones_own():
    rule = {"to": [{"ipBlock": {"cidr": "10.1.2.3/32"}}], "ports": [{"port": 5432, "protocol": "TCP"}]}
    values = {"networkPolicy": {"enabled": True, "extraEgress": [rule]}}
    assert rule in render(merge(PASSWORD, values))["NetworkPolicy", "todo-app-api"]["spec"]["egress"]


def test_metrics_are_announced_only_when_wanted():
    on, off = render(PASSWORD), render(merge(PASSWORD, {"metrics": {"enabled": False}}))
    ports = [[p["name"] for p in o["Service", "todo-app-api"]["spec"]["ports"]] for o in (on, off)]
    assert ports == [["http", "metrics"], ["http"]]
    annotations = [pods(o)["Deployment", "todo-app-api"]["metadata"]["annotations"] for o in (on, off)]
    assert annotations[0]["prometheus.io/port"] == "9090"
    assert "prometheus.io/port" not in annotations[1]
    monitor = render(merge(PASSWORD, {"metrics": {"serviceMonitor": {"enabled": True}}}))
    assert monitor["ServiceMonitor", "todo-app-api"]["spec"]["endpoints"] == [
        {"port": "metrics", "path": "/metrics"}
    ]


# --- data


def test_the_database_password_is_kept_as_long_as_the_volume_is():
    def annotations(persistent):
        values = {"postgresql": {"primary": {"persistence": {"enabled": persistent}}}}
        return render(merge(PASSWORD, values))["Secret", "todo-app-postgresql"]["metadata"].get("annotations")

    assert annotations(True) == {"helm.sh/resource-policy": "keep"}
    assert annotations(False) is None


def test_sizes_and_storage_class_reach_the_claims():
    objects = render(merge(PASSWORD, {"global": {"storageClass": "fast"}}), env="dev")
    for name, size in (("postgresql", "1Gi"), ("redis", "100Mi")):
        [claim] = objects["StatefulSet", f"todo-app-{name}"]["spec"]["volumeClaimTemplates"]
        assert claim["spec"]["resources"]["requests"]["storage"] == size
        assert claim["spec"]["storageClassName"] == "fast"
    default = render(PASSWORD)["StatefulSet", "todo-app-redis"]["spec"]["volumeClaimTemplates"][0]
    assert "storageClassName" not in default["spec"]


def test_redis_keeps_what_it_was_told_and_evicts_nothing():
    config = render(PASSWORD)["Secret", "todo-app-redis"]["stringData"]["redis.conf"].splitlines()
    assert {"appendonly yes", "maxmemory-policy noeviction", "dir /data"} <= set(config)


def test_every_condition_of_a_dependency_is_set_in_the_values():
    """A condition whose key is missing counts as true (helm.sh/docs/chart_best_practices/dependencies)."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    for dependency in chart["dependencies"]:
        group, key = dependency["condition"].split(".")
        assert isinstance(values[group][key], bool)


# --- mistakes in values


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"api": {"replicaCoun": 1}}, "replicaCoun"),
        ({"frontend": {"existingSecret": "x"}}, "existingSecret"),
        ({"frontend": {"probes": {"readiness": {"path": "health"}}}}, "/frontend/probes/readiness/path"),
        ({"api": {"replicaCount": "two"}}, "/api/replicaCount"),
        ({"api": {"image": {"pullPolicy": "Sometimes"}}}, "/api/image/pullPolicy"),
        ({"api": {"image": {"digest": "abc"}}}, "/api/image/digest"),
        ({"api": {"service": {"port": 70000}}}, "/api/service/port"),
        ({"api": {"resources": {"limits": {"memory": "512m"}}}}, "/api/resources/limits/memory"),
        ({"api": {"resources": {"requests": {"cpu": "100 m"}}}}, "/api/resources/requests/cpu"),
        ({"api": {"env": {"BIG": 12345678901234567890}}}, "/api/env/BIG"),
        ({"api": {"env": {"LIST": ["a"]}}}, "/api/env/LIST"),
        ({"ingress": {"hosts": [{"host": "x", "paths": [{"path": "/", "service": "api"}]}]}}, "pathType"),
        (
            {
                "ingress": {
                    "hosts": [{"host": "x", "paths": [{"path": "/", "pathType": "Prefix", "service": "web"}]}]
                }
            },
            "/ingress/hosts/0/paths/0/service",
        ),
        ({"podDisruptionBudget": {"maxUnavailable": 0}}, "/podDisruptionBudget/maxUnavailable"),
        ({"networkpolicy": {"enabled": True}}, "networkpolicy"),
        ({"postgresql": {"auth": {"pasword": "x"}}}, "pasword"),
        ({"postgresql": {"primary": {"persistence": {"size": "10 Gi"}}}}, "/primary/persistence/size"),
        ({"redis": {"auth": {"enabled": "yes"}}}, "/auth/enabled"),
    ],
)
def test_a_mistake_in_the_values_is_refused_by_name(values, named):
    said = refused(merge(PASSWORD, values))
    assert "don't meet the specifications of the schema" in said
    assert named in said
