"""The application on a real cluster: what it survives, what rolls its pods, and what `kit app` repairs."""

from __future__ import annotations

import base64
import fcntl
import json
import re
import shlex
import signal
import subprocess
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.request import urlopen

import pytest
import service_answers

from kitlib import app as application
from kitlib import tools
from kitlib.app import images, lifecycle, trouble
from kitlib.app.release import Release
from kitlib.cluster import manage
from kitlib.cluster.providers import ClusterRecord
from kitlib.cluster.providers.base import clusters_dir, forget, save
from kitlib.cluster.resource import pod_ready
from kitlib.errors import ApiError, ClusterError, ClusterUnreachable, Forbidden, UsageError, WaitTimeout

API = "todo-app-api"
FRONTEND = "todo-app-frontend"
SHOW = ".then(async (answer) => console.log(answer.status, await answer.text()))"
PAGE = 100
NODE_IMAGE = "registry.k8s.io/coredns/coredns:v1.12.1"  # every node carries it


def ask(cluster, method, path, body=None, service=API):
    return service_answers.ask(cluster, method, service, path, body)


def create(cluster, title, **more):
    return ask(cluster, "POST", "/todos", {"title": title, **more})


def todo_ids(cluster, path="/todos", service=API):
    found, total = [], 1
    while len(found) < total:
        page = ask(cluster, "GET", f"{path}?limit={PAGE}&offset={len(found)}", service=service)
        found, total = found + [item["id"] for item in page["items"]], page["total"]
    return set(found)


class Writer:
    """Creates todos without pause, and remembers those that the API acknowledged."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.acknowledged = []
        self.moved = threading.Condition()
        self.stop = threading.Event()

    def write(self):
        while not self.stop.is_set():
            try:
                made = self.cluster.call_service("POST", API, "/todos", body={"title": "kept"})
            except (ApiError, ClusterUnreachable):
                self.stop.wait(0.1)
                continue
            with self.moved:
                self.acknowledged.append(made["id"])
                self.moved.notify_all()

    def until_more(self):
        with self.moved:
            count = len(self.acknowledged)
            assert self.moved.wait_for(lambda: len(self.acknowledged) >= count + 3, timeout=120)


@contextmanager
def writing(record, cluster):
    """Todos are written all the time; at the end every acknowledged one has to be there."""
    writer = Writer(record.connect(cluster.namespace))
    thread = threading.Thread(target=writer.write)
    thread.start()
    try:
        writer.until_more()
        yield
        writer.until_more()
    finally:
        writer.stop.set()
        thread.join()
    lost = set(writer.acknowledged) - todo_ids(cluster)
    assert not lost


def pod_of(cluster, component):
    pods = cluster.list("Pod", labels=f"app.kubernetes.io/component={component}")
    return next(pod for pod in pods if pod_ready(pod))


def in_pod(record, cluster, *command):
    """Run a command in the frontend's pod."""
    kubectl = [tools.find("kubectl"), "--kubeconfig", record.kubeconfig, "-n", cluster.namespace, "exec"]
    return tools.run([*kubectl, pod_of(cluster, "frontend").name, "--", *command])


def revisions(cluster):
    """What a rollout would change: the ReplicaSets and the StatefulSets' revisions."""
    sets = {item.name: item.at("spec.template") for item in cluster.list("ReplicaSet")}
    return sets | {item.name: item.at("status.updateRevision") for item in cluster.list("StatefulSet")}


def pod_uids(cluster):
    return {pod["metadata"]["uid"] for pod in cluster.list("Pod")}


def password(cluster):
    return base64.b64decode(cluster.get("Secret", "todo-app-postgresql")["data"]["password"]).decode()


def helm(record, cluster, *arguments):
    """The command line of Helm for this cluster and namespace."""
    where = [
        "--namespace",
        cluster.namespace,
        "--kubeconfig",
        record.kubeconfig,
        "--kube-context",
        record.context,
    ]
    return [str(part) for part in (tools.find("helm"), *arguments, *where)]


def interrupt_helm(record, cluster, state, *arguments):
    """Start a Helm that waits for pods which never come, and kill it: its release stays pending."""
    command = helm(record, cluster, *arguments, "--wait", "--timeout", "10m")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        cluster.wait("Deployment", API, until=lambda item: "absent" in str(item.at("spec.template.spec")))
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert Release(record, cluster.namespace).state() == state


# --- how it runs


def test_every_pod_is_ready_where_only_restricted_pods_are_let_in(app):
    labels = app.get("Namespace", app.namespace).labels
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    pods = app.list("Pod", labels=lifecycle.PART_OF)
    components = {pod.labels["app.kubernetes.io/component"] for pod in pods if pod_ready(pod)}
    assert components == {"api", "frontend", "worker", "postgresql", "redis"}
    careless = {"containers": [{"name": "careless", "image": "x"}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "careless"}, "spec": careless}
    with pytest.raises(Forbidden, match="restricted"):
        app.apply(pod, dry_run=True)


def test_a_todo_created_through_the_service_is_stored(app):
    made = create(app, "buy milk")
    assert ask(app, "GET", f"/todos/{made['id']}")["title"] == "buy milk"


def test_a_todo_created_through_the_frontend_is_the_apis(app):
    made = ask(app, "POST", "/api/todos", {"title": "read a book"}, FRONTEND)
    assert ask(app, "GET", f"/todos/{made['id']}")["title"] == "read a book"
    done = ask(app, "PATCH", f"/api/todos/{made['id']}", {"done": True}, FRONTEND)
    assert done["done"] is True
    assert made["id"] in todo_ids(app, "/api/todos", FRONTEND)
    assert "<h1>Todos</h1>" in ask(app, "GET", "/", service=FRONTEND)
    with pytest.raises(ApiError) as caught:
        ask(app, "GET", "/api/todos/999999999", service=FRONTEND)
    assert caught.value.status == 404


def test_the_command_to_open_it_leads_to_the_page_and_its_api(app, kind_cluster):
    *command, ports = shlex.split(application.way_in(kind_cluster.name))
    assert ports == "8080:80"
    forward = subprocess.Popen([*command, ":80"], stdout=subprocess.PIPE, text=True)  # any free port
    try:
        port = re.search(r"127\.0\.0\.1:(\d+) ->", forward.stdout.readline())[1]
        with urlopen(f"http://localhost:{port}/", timeout=30) as page:
            assert "<h1>Todos</h1>" in page.read().decode()
        with urlopen(f"http://localhost:{port}/api/todos", timeout=30) as todos:
            assert "items" in json.load(todos)
    finally:
        forward.terminate()
        forward.wait()


def test_the_frontend_runs_as_user_1000_and_can_write_to_nothing_but_its_cache_and_tmp(app, kind_cluster):
    folders = "/ /app /app/.next /app/.next/server /app/.next/cache /tmp"
    script = f"id -u; for folder in {folders}; do touch $folder/x && echo $folder; done; true"
    done = in_pod(kind_cluster, app, "sh", "-c", script)
    assert done.stdout.split() == ["1000", "/app/.next/cache", "/tmp"]
    assert "Read-only file system" in done.stderr


def test_the_frontend_stays_ready_and_says_what_is_wrong_while_the_api_is_away(app, kind_cluster):
    app.scale("Deployment", API, 0)
    try:
        app.wait("Deployment", API, until=lambda item: not item.at("status.replicas"))
        app.wait(
            "Service",
            FRONTEND,
            until=lambda _: ask(app, "GET", "/health/ready", service=FRONTEND)["status"] == "degraded",
        )
        # An open connection to the last pod may first run into its time-out, which is another answer.
        refused = '502 {"detail":"the API cannot be reached"}'
        call = ("node", "-e", "fetch('http://127.0.0.1:3000/api/todos')" + SHOW)
        app.wait(
            "Service",
            FRONTEND,
            until=lambda _: in_pod(kind_cluster, app, *call).stdout.strip() == refused,
        )
        assert "<h1>Todos</h1>" in app.call_service("GET", FRONTEND, "/")
        assert pod_ready(app.get("Pod", pod_of(app, "frontend").name))
    finally:
        app.scale("Deployment", API, 1)
        lifecycle.wait_ready(app)
    assert ask(app, "GET", "/health/ready", service=FRONTEND)["status"] == "ok"


def test_status_shows_every_workload_and_pod(app, kind_cluster):
    found = application.status(kind_cluster.name)
    assert found.ready
    assert found.release == "deployed"
    for name in (API, FRONTEND, "todo-app-worker", "todo-app-postgresql-0", "todo-app-redis"):
        assert name in repr(found)
        assert name in found._repr_html_()


def test_the_worker_reminds_of_a_todo_that_is_due(app):
    made = create(app, "overdue", due_at=datetime.now(UTC).isoformat())
    app.wait("Service", API, until=lambda _: ask(app, "GET", f"/todos/{made['id']}")["reminded_at"])


# --- what it survives


@pytest.mark.parametrize("component", ["api", "postgresql", "redis"])
def test_a_pod_deleted_without_grace_loses_no_todo(app, kind_cluster, component):
    with writing(kind_cluster, app):
        victim = pod_of(app, component)
        kubectl = [tools.find("kubectl"), "--kubeconfig", kind_cluster.kubeconfig, "-n", app.namespace]
        tools.run([*kubectl, "delete", "pod", victim.name, "--grace-period=0", "--force"])
        lifecycle.wait_ready(app)


def test_a_killed_database_server_loses_no_todo(app, kind_cluster):
    with writing(kind_cluster, app):
        pod = pod_of(app, "postgresql")
        before = pod.at("status.containerStatuses.0.restartCount")
        tools.run(["docker", "exec", pod.at("spec.nodeName"), "pkill", "-KILL", "-x", "postgres"])
        app.wait("Pod", pod.name, until=lambda p: p.at("status.containerStatuses.0.restartCount") > before)
        app.wait("Pod", pod.name)


def test_a_killed_node_loses_no_todo(app, kind_cluster):
    with writing(kind_cluster, app):
        tools.run(["docker", "kill", f"{kind_cluster.name}-control-plane"])
        assert manage.status(kind_cluster.name).state == "stopped"
        with pytest.raises(ClusterError, match="is stopped"):
            application.up(kind_cluster.name)
        manage.up(kind_cluster.name)
        lifecycle.wait_ready(app)
    # The API server must not take what answers outside of the node for a pod that is gone.
    app.wait("APIService", "v1beta1.metrics.k8s.io", until=served, timeout=240)


def served(service):
    """Whether the API server reaches an aggregated API."""
    return any(
        c["type"] == "Available" and c["status"] == "True" for c in service.at("status.conditions", [])
    )


# --- what rolls its pods


def test_up_again_rolls_nothing_and_keeps_the_password(app, kind_cluster):
    before = revisions(app), pod_uids(app), password(app)
    application.up(kind_cluster.name)
    assert (revisions(app), pod_uids(app), password(app)) == before


def test_a_changed_configuration_rolls_the_pods_that_read_it(app, kind_cluster):
    before = revisions(app)
    chart = str(images.checkout() / "charts/todo-app")
    change = ["--reuse-values", "--set", "api.env.LOG_LEVEL=WARNING"]
    tools.run(helm(kind_cluster, app, "upgrade", "todo-app", chart, *change))
    lifecycle.wait_ready(app)
    new = set(revisions(app)) - set(before)
    assert [name.startswith(f"{API}-") for name in new] == [True]
    assert app.get("ConfigMap", API)["data"]["LOG_LEVEL"] == "WARNING"
    application.up(kind_cluster.name)
    assert app.get("ConfigMap", API)["data"]["LOG_LEVEL"] == "DEBUG"


def template_hash(cluster):
    """The hash of the API's pod template, as its only pods carry it."""
    lifecycle.wait_ready(cluster)
    hashes = {
        pod.labels["pod-template-hash"]
        for pod in cluster.list("Pod")
        if pod.labels["app.kubernetes.io/component"] == "api" and not pod["metadata"].get("deletionTimestamp")
    }
    assert len(hashes) == 1
    return hashes.pop()


def installed(record, cluster):
    """What the release has of the API: its revision, the image and the log level of the pods that run."""
    (status,) = json.loads(tools.run(helm(record, cluster, "list", "--output", "json")).stdout)
    image = cluster.get("Deployment", API).at("spec.template.spec.containers.0.image")
    return int(status["revision"]), image, cluster.get("ConfigMap", API)["data"]["LOG_LEVEL"]


@pytest.fixture
def second_image(app, kind_cluster):
    """The API's image in the node under another tag, as a new build would be."""
    image = app.get("Deployment", API).at("spec.template.spec.containers.0.image")
    name = image.rpartition(":")[0] + ":dev-second"
    tools.run(["docker", "tag", image, name])
    manage.load(kind_cluster.name, [name])
    yield name
    tools.run(["docker", "rmi", name])


def test_an_upgrade_to_changed_values_rolls_the_pods_and_a_rollback_restores_them(
    app, kind_cluster, second_image
):
    made = create(app, "before the upgrade")
    revision, image, level = installed(kind_cluster, app)
    first = template_hash(app)
    chart = str(images.checkout() / "charts/todo-app")
    change = ["--set", "api.env.LOG_LEVEL=WARNING", "--set-string", "api.image.tag=dev-second"]
    tools.run(helm(kind_cluster, app, "upgrade", "todo-app", chart, "--reuse-values", *change))
    assert template_hash(app) != first
    assert installed(kind_cluster, app) == (revision + 1, second_image, "WARNING")

    tools.run(helm(kind_cluster, app, "rollback", "todo-app", str(revision)))
    assert template_hash(app) == first
    assert installed(kind_cluster, app) == (revision + 2, image, level)
    assert made["id"] in todo_ids(app)


def test_a_changed_image_has_another_tag(tmp_path):
    tags = []
    for content in ("one", "two", "one"):
        (tmp_path / "Dockerfile").write_text(f"FROM scratch AS production\nLABEL content={content}\n")
        tags.append(str(images._build("kit-test-image", tmp_path, {})))
    tools.run(["docker", "rmi", "-f", "kit-test-image:dev", *set(tags)])
    assert tags[0] == tags[2] != tags[1]


# --- what `kit app` repairs and refuses


def test_an_interrupted_upgrade_is_undone_and_done_again(app, kind_cluster, capsys):
    chart = images.checkout() / "charts/todo-app"
    broken = ["--reuse-values", "--set", "api.image.tag=absent"]
    interrupt_helm(kind_cluster, app, "pending-upgrade", "upgrade", "todo-app", chart, *broken)
    assert application.up(kind_cluster.name).ready
    assert "was left pending-upgrade: going back to revision" in capsys.readouterr().err


def test_a_first_install_cut_short_a_removal_and_a_return(kind_cluster, namespace, capsys):
    """One life of the application in a namespace of its own."""
    chart = images.checkout() / "charts/todo-app"
    values = ["--values", chart / "values-dev.yaml", "--set-string", "postgresql.auth.password=first"]
    absent = ["--set", "api.image.tag=absent", "--set", "postgresql.image.tag=absent"]
    interrupt_helm(kind_cluster, namespace, "pending-install", "install", "todo-app", chart, *values, *absent)
    where = (kind_cluster.name, namespace.namespace)
    assert application.up(*where).ready
    assert "was left pending-install" in capsys.readouterr().err
    assert password(namespace) == "first"

    made = create(namespace, "outlives the release")
    assert application.down(*where)
    assert not namespace.list("Deployment")
    assert application.up(*where).ready
    assert made["id"] in todo_ids(namespace)

    assert application.down(*where, delete_data=True)
    assert not namespace.list("PersistentVolumeClaim")
    assert namespace.find("Secret", "todo-app-postgresql") is None
    assert not application.down(*where, delete_data=True)
    assert not application.status(*where).ready


def test_a_volume_without_its_password_is_not_given_a_new_one(namespace):
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data-todo-app-postgresql-0"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
    }
    namespace.apply(claim)
    with pytest.raises(ClusterError, match="Secret todo-app-postgresql with its password is gone"):
        lifecycle._password(namespace)
    namespace.delete("PersistentVolumeClaim", claim["metadata"]["name"])
    assert len(lifecycle._password(namespace)) >= 32


def test_a_workload_that_never_gets_ready_is_reported_with_its_pods_reasons(namespace):
    def workload(name, container):
        labels = {**lifecycle.PART_OF, "app": name}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "labels": labels},
            "spec": {"selector": {"matchLabels": {"app": name}}, "template": template},
        }

    crashing = {"name": "main", "image": NODE_IMAGE, "command": ["/coredns", "-conf", "/absent"]}
    missing = {"name": "main", "image": "absent:1", "imagePullPolicy": "Never"}
    healthy = {"name": "main", "image": NODE_IMAGE, "args": ["-dns.port=5353"]}
    namespace.apply([workload("healthy", healthy)])
    lifecycle.wait_ready(namespace)
    assert trouble.explain(namespace, namespace.list("Pod")) == ""

    namespace.apply([workload("crashing", crashing), workload("missing", missing)])
    namespace.wait(
        "Deployment",
        "crashing",
        until=lambda _: "no such file" in trouble.explain(namespace, namespace.list("Pod")),
    )
    with pytest.raises(WaitTimeout) as caught:
        lifecycle.wait_ready(namespace, timeout=3)
    said = str(caught.value)
    assert "crashing-" in said
    assert "ErrImageNeverPull" in said
    assert "healthy-" not in said


def test_a_second_kit_app_is_refused_while_the_first_works(app, kind_cluster):
    with (clusters_dir() / f"{kind_cluster.name}.app.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(ClusterError, match="another kit app works"):
            application.up(kind_cluster.name)
    assert application.status(kind_cluster.name).ready


def test_a_cluster_that_runs_no_containers_is_refused(tmp_path):
    save(ClusterRecord("emb", "embedded", tmp_path / "kubeconfig", "emb"))
    try:
        with pytest.raises(UsageError, match="runs no containers"):
            application.up("emb")
    finally:
        forget("emb")
    with pytest.raises(UsageError, match="kit knows no cluster named 'emb'"):
        application.up("emb")


def test_without_a_checkout_there_is_nothing_to_build(tmp_path, monkeypatch):
    assert (images.checkout() / "charts/todo-app/Chart.yaml").is_file()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(images, "__file__", str(tmp_path / "site/kitlib/app/images.py"))
    with pytest.raises(UsageError, match="works in a checkout"):
        images.checkout()
