"""The add-ons on a real cluster: Ingresses answer by host, NetworkPolicies block, HPAs follow the load."""

from __future__ import annotations

import http.client
import ssl
import uuid
from functools import partial

import pytest
import yaml

from kitlib import tools
from kitlib.app import images, lifecycle
from kitlib.cluster import addons
from kitlib.cluster.resource import pod_ready
from kitlib.errors import UsageError

PORT = 8080
SLOW = 240.0  # seconds; generous, because nothing is waited for longer than it takes
ANNOTATION = "nginx.ingress.kubernetes.io/"
SERVER = """
import http.server, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        end = time.process_time() + float(sys.argv[2])
        while time.process_time() < end:
            pass
        self.send_response(200)
        self.end_headers()
        self.wfile.write(sys.argv[1].encode())
    def log_message(self, *_):
        pass
http.server.HTTPServer(("", 8080), Handler).serve_forever()
"""
LOAD = """
import sys, urllib.request
while True:
    try:
        urllib.request.urlopen(sys.argv[1], timeout=5).read()
    except OSError:
        pass
"""
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)"
RESOLVE = "import socket, sys; socket.gethostbyname(sys.argv[1])"
REFUSED = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], 80), 5)
except ConnectionRefusedError:
    sys.exit(0)
sys.exit(1)
"""
SLEEP = "import signal; signal.pause()"


@pytest.fixture(scope="module")
def python(app):
    """An image with Python that the nodes have: the application's own."""
    return app.get("Deployment", "todo-app-api").at("spec.template.spec.containers.0.image")


@pytest.fixture(scope="module")
def ingress(kind_cluster):
    addons.enable(kind_cluster.name, ["ingress"])


@pytest.fixture(scope="module")
def network_policy(kind_cluster):
    addons.enable(kind_cluster.name, ["network-policy"])
    yield
    addons.disable(kind_cluster.name, ["network-policy"])


def workload(name, image, code, *arguments, replicas=1, cpu="10m"):
    """A Deployment that runs Python code, ready when it listens if it is a server."""
    container = {
        "name": "main",
        "image": image,
        "imagePullPolicy": "Never",
        "command": ["python", "-c", code, *arguments],
        "resources": {"requests": {"cpu": cpu, "memory": "32Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    if code is SERVER:
        container["readinessProbe"] = {"tcpSocket": {"port": PORT}, "periodSeconds": 1}
    pod = {
        "terminationGracePeriodSeconds": 0,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod},
        },
    }


def service(name):
    ports = [{"name": "http", "port": 80, "targetPort": PORT}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": ports},
    }


def run(cluster, *items):
    """Apply, and wait for every Deployment among them."""
    cluster.apply(list(items))
    for item in items:
        if item["kind"] == "Deployment":
            cluster.wait("Deployment", item["metadata"]["name"])


def succeeds(record, cluster, name, code, *arguments):
    """Whether Python code ends well in the pod of a Deployment."""
    pods = cluster.list("Pod", labels={"app": name})
    pod = next(pod for pod in pods if pod_ready(pod))
    return runs_in(record, cluster, pod.name, code, *arguments)


def runs_in(record, cluster, pod, code, *arguments):
    kubectl = [tools.find("kubectl"), "--kubeconfig", record.kubeconfig, "-n", cluster.namespace]
    done = tools.run([*kubectl, "exec", pod, "--", "python", "-c", code, *map(str, arguments)], check=False)
    assert done.returncode in (0, 1), done.stderr  # anything else is not the code's
    return done.returncode == 0


# --- Ingress


def rule(host, name):
    backend = {"service": {"name": name, "port": {"name": "http"}}}
    return {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}


def ingress_for(name, rules, annotations=None, tls=None):
    spec = {"ingressClassName": "nginx", "rules": rules}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": name,
            "annotations": {ANNOTATION + k: v for k, v in (annotations or {}).items()},
        },
        "spec": spec | ({"tls": tls} if tls else {}),
    }


def ask(address, host, path="/", *, secure=False, **headers):
    """The status, headers and body of an answer, asked from outside the cluster."""
    if secure:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # Traefik's own certificate
        connection = http.client.HTTPSConnection(address, 443, timeout=10, context=context)
    else:
        connection = http.client.HTTPConnection(address, 80, timeout=10)
    connection.request("GET", path, headers={"Host": host, **headers})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}, body


def served(cluster, name):
    """The address of an Ingress, once the controller has it."""
    found = cluster.wait("Ingress", name, until=lambda i: bool(i.at("status.loadBalancer.ingress.0.ip")))
    return found.at("status.loadBalancer.ingress.0.ip")


@pytest.fixture
def backends(namespace, python, ingress):
    """Two servers, `one` and `two`, that answer with their names."""
    run(namespace, *(f(n) for n in ("one", "two") for f in (service, lambda n: server(n, python))))
    return namespace


def server(name, image, burn="0", **more):
    return workload(name, image, SERVER, name, burn, **more)


def hosts():
    token = uuid.uuid4().hex[:6]
    return f"one-{token}.local", f"two-{token}.local"


def test_each_host_reaches_its_backend_and_an_unknown_one_none(backends):
    one, two = hosts()
    backends.apply(ingress_for("both", [rule(one, "one"), rule(two, "two")]))
    address = served(backends, "both")
    for host, name in ((one, "one"), (two, "two")):
        backends.wait("Ingress", "both", until=lambda _, host=host: ask(address, host)[0] == 200)
        assert ask(address, host)[2] == name
    assert ask(address, "stranger.local")[0] == 404


def test_what_traefik_honours_of_nginxs_annotations_and_what_it_ignores(backends):
    """kitlib.cluster.addons.catalogue says the same, with its source."""
    plain, forced = hosts()
    ignored = {"limit-rpm": "1", "limit-rps": "1", "proxy-body-size": "1", "ssl-redirect": "true"}
    backends.apply(
        [
            ingress_for("plain", [rule(plain, "one")], {**ignored, "enable-cors": "true"}),
            ingress_for("forced", [rule(forced, "one")], {"force-ssl-redirect": "true"}),
        ]
    )
    address = served(backends, "plain")
    backends.wait("Ingress", "plain", until=lambda _: ask(address, plain)[0] == 200)
    assert [ask(address, plain)[0] for _ in range(10)] == [200] * 10
    origin = {"Origin": "http://elsewhere.local"}
    assert ask(address, plain, **origin)[1]["access-control-allow-origin"] == "*"
    backends.wait("Ingress", "forced", until=lambda _: ask(address, forced)[0] == 308)
    assert ask(address, forced)[1]["location"] == f"https://{forced}/"


def test_an_ingress_with_tls_redirects_unless_told_not_to(backends):
    strict, lax = hosts()
    backends.apply(
        [
            ingress_for("strict", [rule(strict, "one")], tls=[{"hosts": [strict]}]),
            ingress_for("lax", [rule(lax, "two")], {"ssl-redirect": "false"}, tls=[{"hosts": [lax]}]),
        ]
    )
    address = served(backends, "strict")
    backends.wait("Ingress", "strict", until=lambda _: ask(address, strict)[0] == 308)
    backends.wait("Ingress", "lax", until=lambda _: ask(address, lax)[0] == 200)
    assert ask(address, strict, secure=True)[2] == "one"


def test_the_applications_hosts_answer(app, ingress):
    address = served(app, "todo-app")
    paths = {"todo-app-api": "/health/live", "todo-app-frontend": "/"}
    for found in app.get("Ingress", "todo-app").at("spec.rules"):
        backend = found["http"]["paths"][0]["backend"]["service"]["name"]
        get = partial(ask, address, found["host"], paths[backend])
        app.wait("Ingress", "todo-app", until=lambda _, get=get: get()[0] == 200)


# --- NetworkPolicy


def policy(name, selector, **spec):
    types = [kind for kind in ("Ingress", "Egress") if kind.lower() in spec]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": {"podSelector": {"matchLabels": selector}, "policyTypes": types, **spec},
    }


def chart_policies():
    """The NetworkPolicies that the chart renders when they are enabled."""
    chart = images.checkout() / "charts/todo-app"
    options = ["--set", "networkPolicy.enabled=true", "--set", "postgresql.auth.password=x"]
    only = ["--show-only", "templates/networkpolicy.yaml"]
    command = [tools.find("helm"), "template", "todo-app", chart, "-f", chart / "values-dev.yaml"]
    text = tools.run([*command, *options, *only]).stdout
    found = [item for item in yaml.safe_load_all(text) if item]
    for item in found:
        item["metadata"].pop("namespace")
    return found


@pytest.fixture
def pods(namespace, python, kind_cluster):
    """A server and two clients; gives a function: whether a client reaches the server, or a name resolves."""
    run(
        namespace,
        service("server"),
        server("server", python),
        workload("friend", python, SLEEP),
        workload("stranger", python, SLEEP),
    )
    address = namespace.get("Service", "server").at("spec.clusterIP")

    def can(client, what):
        code, arguments = (CONNECT, (address, 80)) if what == "connect" else (RESOLVE, (what,))
        return succeeds(kind_cluster, namespace, client, code, *arguments)

    return can


def test_deny_all_blocks_everything_and_each_rule_opens_what_it_names(namespace, pods, network_policy):
    def becomes(client, what, expected):
        namespace.wait("Deployment", client, until=lambda _: pods(client, what) is expected)

    name = f"server.{namespace.namespace}.svc.cluster.local."
    for client in ("friend", "stranger"):
        becomes(client, "connect", True)
        assert pods(client, name)

    namespace.apply(policy("deny-all", {}, ingress=[], egress=[]))
    becomes("friend", "connect", False)
    becomes("stranger", "connect", False)
    assert not pods("friend", name)

    dns = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    ports = [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]
    namespace.apply(policy("allow-dns", {}, egress=[{"to": [dns], "ports": ports}]))
    becomes("friend", name, True)
    assert not pods("friend", "connect")

    friend, to = {"podSelector": {"matchLabels": {"app": "friend"}}}, {"matchLabels": {"app": "server"}}
    namespace.apply(
        [
            policy("server", {"app": "server"}, ingress=[{"from": [friend], "ports": [{"port": PORT}]}]),
            policy("friend", {"app": "friend"}, egress=[{"to": [{"podSelector": to}]}]),
        ]
    )
    becomes("friend", "connect", True)
    assert not pods("stranger", "connect")


def test_a_service_without_endpoints_is_refused_though_a_policy_allows_the_packet(
    namespace, python, kind_cluster, network_policy
):
    run(namespace, service("nobody"), workload("friend", python, SLEEP), policy("all", {}, egress=[{}]))
    address = namespace.get("Service", "nobody").at("spec.clusterIP")
    assert succeeds(kind_cluster, namespace, "friend", REFUSED, address)


def test_the_charts_own_policy_keeps_strangers_out_and_the_application_works(
    app, namespace, python, kind_cluster, network_policy
):
    run(namespace, workload("stranger", python, SLEEP))
    stores = {"todo-app-postgresql": 5432, "todo-app-redis": 6379}
    addresses = {name: app.get("Service", name).at("spec.clusterIP") for name in stores}

    def stranger(name):
        return succeeds(kind_cluster, namespace, "stranger", CONNECT, addresses[name], stores[name])

    for name in stores:
        assert stranger(name)
    found = chart_policies()
    app.apply(found)
    try:
        for name in stores:
            app.wait("Service", name, until=lambda _, name=name: not stranger(name))
        for component in ("api", "worker"):  # new connections: those that were open stay open anyway
            (pod,) = app.list("Pod", labels=f"app.kubernetes.io/component={component}")
            for name, port in stores.items():
                assert runs_in(kind_cluster, app, pod.name, CONNECT, name, port)
        made = app.call_service("POST", "todo-app-api", "/todos", body={"title": "behind a policy"})
        assert app.call_service("GET", "todo-app-api", f"/todos/{made['id']}")["title"] == "behind a policy"
    finally:
        for item in found:
            app.delete("NetworkPolicy", item["metadata"]["name"], missing_ok=True)
    for name in stores:
        app.wait("Service", name, until=lambda _, name=name: stranger(name))
    lifecycle.wait_ready(app)


def test_disabled_the_policy_holds_no_longer_and_enabled_again_it_does(
    namespace, pods, kind_cluster, network_policy
):
    namespace.apply(policy("deny-all", {}, ingress=[], egress=[]))
    namespace.wait("Deployment", "friend", until=lambda _: not pods("friend", "connect"))
    assert addons.disable(kind_cluster.name, ["network-policy"]) == ["network-policy"]
    assert pods("friend", "connect")
    rules = tools.run(["docker", "exec", f"{kind_cluster.name}-control-plane", "iptables-save"]).stdout
    assert "KUBE-SERVICES" in rules
    assert "KUBE-ROUTER" not in rules
    assert "--to-ports 1" not in rules
    assert addons.disable(kind_cluster.name, ["network-policy"]) == []
    addons.enable(kind_cluster.name, ["network-policy"])
    assert not pods("friend", "connect")


# --- autoscaling


def autoscaler(name, *, target, most):
    policies = [{"type": "Pods", "value": most, "periodSeconds": 15}]
    direction = {"stabilizationWindowSeconds": 0, "policies": policies}
    metric = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": target}}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": 1,
            "maxReplicas": most,
            "metrics": [{"type": "Resource", "resource": metric}],
            "behavior": {"scaleUp": direction, "scaleDown": direction},
        },
    }


def test_the_autoscaler_follows_load_out_and_back_in(namespace, python, kind_cluster):
    addons.enable(kind_cluster.name, ["metrics-server"])
    url = f"http://busy.{namespace.namespace}.svc.cluster.local/"
    run(
        namespace,
        service("busy"),
        server("busy", python, burn="0.05", cpu="100m"),
        workload("load", python, LOAD, url, replicas=0),
    )
    namespace.apply(autoscaler("busy", target=60, most=3))
    measured = "status.currentMetrics.0.resource.current.averageUtilization"
    wait = partial(namespace.wait, "HorizontalPodAutoscaler", "busy", timeout=SLOW)
    idle = wait(until=lambda h: h.at(measured) is not None)
    assert idle.at(measured) < 60
    assert idle.at("status.desiredReplicas") == 1

    namespace.scale("Deployment", "load", 2)
    wait(until=lambda h: h.at("status.currentReplicas") == 3)
    assert namespace.wait("Deployment", "busy").at("status.readyReplicas") == 3

    namespace.scale("Deployment", "load", 0)
    wait(until=lambda h: h.at("status.currentReplicas") == 1 and h.at("status.desiredReplicas") == 1)
    reasons = {
        event["reason"] for event in namespace.events(about=namespace.get("HorizontalPodAutoscaler", "busy"))
    }
    assert "SuccessfulRescale" in reasons


# --- the verbs


def test_enabled_again_nothing_changes_and_the_overview_tells_it(kind_cluster, ingress):
    cluster = kind_cluster.connect("ingress-nginx")
    before = cluster.get("Deployment", "traefik").at("metadata.generation")
    addons.enable(kind_cluster.name, ["ingress", "metrics-server"])
    assert cluster.get("Deployment", "traefik").at("metadata.generation") == before
    states = {item.addon.name: item.state for item in addons.overview(kind_cluster.name)}
    assert states["ingress"] == states["metrics-server"] == "enabled"


def test_metrics_server_cannot_be_disabled(kind_cluster):
    with pytest.raises(UsageError, match="is part of every cluster"):
        addons.disable(kind_cluster.name, ["metrics-server"])


def test_disabling_leaves_what_somebody_else_made(kind_cluster, ingress):
    cluster = kind_cluster.connect("ingress-nginx")
    cluster.patch("IngressClass", "nginx", {"metadata": {"labels": {"app.kubernetes.io/managed-by": "them"}}})
    try:
        assert addons.disable(kind_cluster.name, ["ingress"]) == ["ingress"]
        assert cluster.find("Namespace", "ingress-nginx") is None
        assert cluster.get("IngressClass", "nginx").labels["app.kubernetes.io/managed-by"] == "them"
    finally:
        cluster.delete("IngressClass", "nginx")
    assert addons.disable(kind_cluster.name, ["ingress"]) == []
