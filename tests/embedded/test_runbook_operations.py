"""The library's runbooks against a real API server, scheduler and controllers; only the pods are fake."""

from __future__ import annotations

import ast
import importlib
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import papermill
import pytest
from runbooks_help import as_service_account

from kitlib import runbooks
from kitlib.errors import KitError
from kitlib.runbooks import catalogue
from kitlib.runbooks.undoing import undo_run
from kitlib.settings import get_settings

ACTING = importlib.import_module("kitlib.policy.acting")  # its package has a function of that name
FOLDER = Path(__file__).parents[2] / "runbooks"
RBAC = "rbac.authorization.k8s.io"
CLUSTER_WIDE = ("nodes", "storageclasses")
LIMIT_50M = {"limits": {"cpu": "50m"}}
# What each runbook is given for a workload to which nothing need be done.
NOTHING_TO_DO = {
    "deploy-release": {"deployment": "web", "image": "1"},
    "roll-back": {"deployment": "web", "revision": 1},
    "restart-workload": {"workloads": ["idle"]},
    "scale-workload": {"workload": "web", "replicas": 2},
    "crash-loop-triage": {"deployment": "web"},
    "oom-remediation": {"deployment": "web"},
    "image-pull-repair": {"deployment": "web"},
    "pending-pod-triage": {"workload": "web"},
    "stuck-rollout": {"deployment": "web"},
}


class Done(NamedTuple):
    """What a runbook did: its actions, its outcome in words, and its variables while it planned."""

    actions: list[str]
    text: str
    planned: dict[str, Any]


every = pytest.mark.parametrize("name", NOTHING_TO_DO)


def workload(kind, name, replicas=2, **spec):
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "web", "image": "web:1"}]},
    }
    body = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template, **spec}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": body}


@pytest.fixture
def place(namespace, tmp_path, monkeypatch):
    """Two healthy workloads, and an environment in which runbooks run as an account of the namespace."""
    monkeypatch.setenv("KUBECONFIG", as_service_account(namespace, tmp_path))
    monkeypatch.setenv("KIT_CONTEXT", namespace.context)
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()
    slow = {"rollingUpdate": {"maxUnavailable": 0}}
    namespace.apply([workload("Deployment", "web", strategy=slow), workload("Deployment", "idle", 0)])
    namespace.wait("Deployment", "web")
    yield namespace
    get_settings.cache_clear()


def allow(cluster, name):
    """Give the account exactly the permissions that a runbook declares."""
    declared = catalogue.load(FOLDER / f"{name}.ipynb").declared.permissions
    subject = {"kind": "ServiceAccount", "name": "default", "namespace": cluster.namespace}
    for kind, own in (("Role", cluster.namespace), ("ClusterRole", f"{cluster.namespace}-wide")):
        kept = [p for p in declared if (p.resource in CLUSTER_WIDE) == (kind == "ClusterRole")]
        rules = [{"apiGroups": [p.group], "resources": [p.resource], "verbs": p.verbs} for p in kept]
        role = {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": {"name": own}, "rules": rules}
        ref = {"apiGroup": RBAC, "kind": kind, "name": own}
        binding = {"apiVersion": f"{RBAC}/v1", "kind": f"{kind}Binding", "metadata": {"name": own}}
        cluster.apply([role, binding | {"roleRef": ref, "subjects": [subject]}])


def cells(name, given):
    """Execute a runbook's cells in this process, as papermill would in a kernel; returns its variables."""
    content = catalogue.load(FOLDER / f"{name}.ipynb").content
    sources = ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code"]
    space = {}
    try:
        for number, text in enumerate(sources):
            tree = ast.parse(text)
            if number == len(sources) - 1:
                tree.body[-1] = ast.Assign([ast.Name("outcome", ast.Store())], tree.body[-1].value)
            exec(compile(ast.fix_missing_locations(tree), f"{name}, code cell {number}", "exec"), space)
            space |= given if number == 1 else {}  # the second is the parameters cell
    finally:
        ACTING._process = None  # a kernel ends here; this process goes on as a person
    return space


def run(cluster, name, **given):
    """Plan a runbook, and carry its plan out: what was done, the outcome, and the plan's variables."""
    allow(cluster, name)
    given = {"namespace": cluster.namespace, "timeout_seconds": 60, **given}
    planned = cells(name, given)
    actions = [action.text for action in planned["outcome"].plan.actions]
    if not actions:
        return Done([], planned["outcome"].text, planned)
    return Done(actions, cells(name, given | {"approve": planned["outcome"].plan.hash})["outcome"], planned)


def refused(cluster, name, said, **given):
    generation = cluster.get("Deployment", "web")["metadata"]["generation"]
    with pytest.raises(KitError, match=re.escape(said)) as refusal:
        run(cluster, name, **given)
    assert cluster.get("Deployment", "web")["metadata"]["generation"] == generation
    return str(refusal.value)


def recorded(cluster, name, **given):
    """The same through the engine, with a record."""
    allow(cluster, name)
    given = {"namespace": cluster.namespace, "timeout_seconds": 60, **given}
    path = str(FOLDER / f"{name}.ipynb")
    result = runbooks.run(path, given, approve=lambda change: True, context=cluster.context, quiet=True)
    assert result.exit_code == 0, result.record["message"]
    return result


def patched(cluster):
    return [f"patch Deployment/web -n {cluster.namespace}"]


def image(cluster):
    return cluster.get("Deployment", "web").at("spec.template.spec.containers.0.image")


def change_template(cluster, **spec):
    cluster.patch("Deployment", "web", {"spec": {"template": {"spec": spec}}})


def set_container(cluster, **fields):
    change_template(cluster, containers=[{"name": "web", **fields}])


def new_revision(cluster, tag):
    set_container(cluster, image=f"web:{tag}")
    cluster.wait("Deployment", "web")


def quota(cluster, hard):
    made = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}}
    cluster.apply(made | {"spec": {"hard": hard}})


def pending(cluster, name="web"):
    def some(_):
        pods = cluster.list("Pod", labels={"app": name})
        conditions = [c for pod in pods for c in pod.at("status.conditions", [])]
        return any(c.get("reason") == "Unschedulable" for c in conditions)

    cluster.wait("Deployment", name, until=some, timeout=30)


# Nothing to do


@every
def test_what_is_well_is_left_alone(place, name):
    generation = place.get("Deployment", "web")["metadata"]["generation"]
    assert run(place, name, **NOTHING_TO_DO[name]).actions == []
    assert place.get("Deployment", "web")["metadata"]["generation"] == generation


def test_plain_papermill_plans_and_then_carries_out_what_was_approved(place, tmp_path):
    given = {"namespace": place.namespace, "deployment": "web", "image": "2"}
    path = str(FOLDER / "deploy-release.ipynb")
    allow(place, "deploy-release")
    papermill.execute_notebook(path, str(tmp_path / "plan.ipynb"), given, progress_bar=False)
    assert image(place) == "web:1"
    last = json.loads((tmp_path / "plan.ipynb").read_text())["cells"][-1]
    shown = "".join(last["outputs"][0]["data"]["text/plain"])
    approved = shown.rpartition("plan ")[2].strip()
    given["approve"] = approved
    papermill.execute_notebook(path, str(tmp_path / "done.ipynb"), given, progress_bar=False)
    assert image(place) == "web:2"


@pytest.mark.parametrize("name", sorted(NOTHING_TO_DO.keys() - {"deploy-release"}))
def test_every_runbook_runs_under_plain_papermill(place, tmp_path, name):
    allow(place, name)
    given = {"namespace": place.namespace, **NOTHING_TO_DO[name]}
    done = tmp_path / "done.ipynb"
    papermill.execute_notebook(str(FOLDER / f"{name}.ipynb"), str(done), given, progress_bar=False)
    outputs = json.loads(done.read_text())["cells"][-1]["outputs"]
    assert "text/plain" in outputs[-1]["data"]  # it says how it ended without our library's JavaScript
    assert not any("widget-view" in key for output in outputs for key in output["data"])


# Releases and revisions


def test_a_release_is_deployed_to_the_container_and_its_migration_and_undone(place):
    change_template(place, initContainers=[{"name": "migrate", "image": "web:1"}])
    place.wait("Deployment", "web")
    result = recorded(place, "deploy-release", deployment="web", image="2.0")
    assert [action["text"] for action in result.record["actions"]] == patched(place)
    assert image(place) == "web:2.0"
    assert place.get("Deployment", "web").at("spec.template.spec.initContainers.0.image") == "web:2.0"
    assert "web:1 → web:2.0" in result.record["result"]
    undo_run(place, result.folder)
    assert image(place) == "web:1"


@pytest.mark.parametrize(
    ("wanted", "said"), [("a b", "is no image"), ("registry.example/web", "names no tag")]
)
def test_only_an_image_with_a_tag_or_digest_is_deployed(place, wanted, said):
    refused(place, "deploy-release", said, deployment="web", image=wanted)


def test_a_bare_word_is_a_tag_and_the_plan_shows_which_image_that_makes(place):
    assert "web:1 → web:web" in run(place, "deploy-release", deployment="web", image="web").text


def test_a_paused_deployment_is_not_changed(place):
    place.patch("Deployment", "web", {"spec": {"paused": True}})
    message = refused(place, "deploy-release", "is paused", deployment="web", image="2")
    assert "rollout resume deployment/web" in message


def test_one_goes_back_to_the_revision_before_and_to_a_named_one(place):
    refused(place, "roll-back", "nothing to roll back to", deployment="web")
    new_revision(place, "2")
    new_revision(place, "3")
    assert run(place, "roll-back", deployment="web").actions == patched(place)
    assert image(place) == "web:2"
    assert run(place, "roll-back", deployment="web", revision=1).actions == patched(place)
    assert image(place) == "web:1"
    message = refused(place, "roll-back", "has no revision 17", deployment="web", revision=17)
    assert "it has 3, 4, 5" in message
    labels = place.get("Deployment", "web").at("spec.template.metadata.labels")
    assert labels == {"app": "web"}


# Restarting and scaling


def test_workloads_are_restarted_in_the_given_order(place):
    place.apply(workload("StatefulSet", "db", 1, serviceName="db"))
    place.wait("StatefulSet", "db")
    before = {pod.name: pod["metadata"]["uid"] for pod in place.list("Pod")}
    names = ["StatefulSet/db", "web", "idle"]
    result = run(place, "restart-workload", workloads=names)
    where = f"-n {place.namespace}"
    assert result.actions == [f"restart StatefulSet/db {where}", f"restart Deployment/web {where}"]
    assert "Deployment/idle has no pods" in result.text
    after = {
        pod["metadata"]["uid"] for pod in place.list("Pod") if not pod["metadata"].get("deletionTimestamp")
    }
    assert not after & set(before.values())


def test_a_restart_that_would_not_replace_pods_or_has_no_order_is_refused(place):
    place.apply(workload("StatefulSet", "db", 1, serviceName="db", updateStrategy={"type": "OnDelete"}))
    refused(place, "restart-workload", "OnDelete", workloads=["StatefulSet/db"])
    refused(place, "restart-workload", "named twice", workloads=["web", "Deployment/web"])
    assert "did you mean 'web'" in refused(
        place, "restart-workload", "no Deployment 'wbe'", workloads=["wbe"]
    )


def test_a_workload_is_scaled_up_and_down_within_its_ceiling_and_undone(place):
    result = recorded(place, "scale-workload", workload="web", replicas=4)
    assert [action["text"] for action in result.record["actions"]] == [
        f"scale Deployment/web -n {place.namespace}"
    ]
    assert place.get("Deployment", "web").at("spec.replicas") == 4
    refused(place, "scale-workload", "the ceiling is 5", workload="web", replicas=6, ceiling=5)
    undo_run(place, result.folder)
    place.wait("Deployment", "web")
    assert place.get("Deployment", "web").at("spec.replicas") == 2
    run(place, "scale-workload", workload="Deployment/web", replicas=0)
    assert place.get("Deployment", "web").at("status.replicas", 0) == 0


def test_scaling_is_refused_where_an_autoscaler_sets_the_number_or_a_quota_has_no_room(place):
    hard = {"requests.cpu": "250m", "pods": "20"}
    place.apply(
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": hard}}
    )
    set_container(place, resources=LIMIT_50M)
    place.wait("Deployment", "web", timeout=60)
    place.wait("ResourceQuota", "q", until=lambda q: q.at("status.used", {}).get("requests.cpu") == "100m")
    message = refused(place, "scale-workload", "no room", workload="web", replicas=6)
    assert "requests.cpu 100m used of 250m, 0.2 more asked" in message
    run(place, "scale-workload", workload="web", replicas=5)
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 5}
    meta = {"kind": "HorizontalPodAutoscaler", "metadata": {"name": "auto"}}
    place.apply({"apiVersion": "autoscaling/v2", **meta, "spec": spec})
    refused(place, "scale-workload", "HorizontalPodAutoscaler auto", workload="web", replicas=3)


# Pending and stuck


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"nodeSelector": {"disk": "none-such"}}, "label disk is not set, asked is none-such"),
        ({"containers": [{"name": "web", "resources": {"requests": {"cpu": "4000"}}}]}, "4000 cpu"),
        (
            {"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "none"}}]},
            "claim none does not exist",
        ),
    ],
)
def test_pods_that_no_node_takes_go_back_to_the_revision_that_had_one(place, spec, said):
    change_template(place, **spec)
    pending(place)
    result = run(place, "pending-pod-triage", workload="web")
    assert result.actions == patched(place)
    found = result.planned["found"]
    assert "the scheduler says" in found.told
    assert said in "; ".join(found.problems)
    place.wait("Deployment", "web", timeout=30)
    assert not [pod for pod in place.list("Pod", labels={"app": "web"}) if not pod.at("spec.nodeName")]


def test_a_first_revision_that_no_node_takes_is_for_a_person(place):
    made = workload("Deployment", "new")
    made["spec"]["template"]["spec"]["nodeSelector"] = {"kubernetes.io/os": "linus"}
    place.apply(made)
    pending(place, "new")
    message = refused(place, "pending-pod-triage", "asked is linus", workload="new")
    assert "kubernetes.io/os=linux is a label that a node has" in message


def test_pods_that_a_quota_refuses_are_for_a_person(place):
    hard = {"pods": "2"}
    place.apply(
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": hard}}
    )
    place.scale("Deployment", "web", 4)
    place.wait("Deployment", "web", until="ReplicaFailure", timeout=30)
    assert "quota" in refused(place, "pending-pod-triage", "has no room for the pods of web", workload="web")
    refused(place, "stuck-rollout", "going back would make none", deployment="web", wait_seconds=1)


def test_a_stuck_rollout_goes_back_to_the_revision_that_serves(place):
    place.patch("Deployment", "web", {"spec": {"progressDeadlineSeconds": 3}})
    change_template(place, nodeSelector={"disk": "none-such"})

    def exceeded(item):
        return any(c.get("reason") == "ProgressDeadlineExceeded" for c in item.at("status.conditions", []))

    place.wait("Deployment", "web", until=exceeded, timeout=60)
    result = run(place, "stuck-rollout", deployment="web", wait_seconds=30)
    assert result.actions == patched(place)
    assert place.get("Deployment", "web").at("spec.template.spec.nodeSelector") is None
    assert result.planned["report"].cause.id == "unschedulable"


def test_a_rollout_that_is_only_slow_is_waited_for(place):
    place.patch("Deployment", "web", {"spec": {"minReadySeconds": 6}})
    set_container(place, image="web:2")
    assert run(place, "stuck-rollout", deployment="web", wait_seconds=60).actions == []
    assert image(place) == "web:2"


def test_a_rollout_that_a_person_paused_is_not_judged(place):
    place.patch("Deployment", "web", {"spec": {"paused": True}})
    refused(place, "stuck-rollout", "is paused", deployment="web", wait_seconds=1)
