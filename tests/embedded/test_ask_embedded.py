"""`kit ask` on a real API server: the seed's examples, and changes exactly as approved or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

import kitlib
from kitlib.asking import Verdict, about, grammar, kubectl
from kitlib.asking.classify import MODEL
from kitlib.asking.proposing import gate, propose
from kitlib.cli.app import app
from kitlib.cluster import Cluster
from kitlib.errors import ApiError, ClusterError, NotApproved, NotFound
from kitlib.policy import Actor, Denied, acting, current
from kitlib.undo import undo

CORPUS = yaml.safe_load((Path(__file__).parents[1] / "ask_corpus.yaml").read_text())


def workload(kind="Deployment", name="api", replicas=1, image="kit.local/c:1"):
    labels = {"app": name}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": image}]}}
    spec = {"selector": {"matchLabels": labels}, "template": pod}
    spec |= {} if kind == "DaemonSet" else {"replicas": replicas}
    spec |= {"serviceName": name} if kind == "StatefulSet" else {}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def pod(name, **spec):
    body = {"containers": [{"name": "c", "image": "kit.local/c:1"}], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": body}


def ask(text, cluster, **more):
    return kitlib.ask(text, cluster, model=False, wait_seconds=0, **more)


def yes(_proposal):
    return Verdict("yes")


def names(outcome):
    (result,) = outcome.results
    place = result.columns.index("name")
    return {row[place] for row in result.rows}


@pytest.fixture
def shop(namespace):
    """A Deployment and a StatefulSet with their pods on fake nodes, and a pod that no node takes."""
    namespace.apply([workload(replicas=2), workload("StatefulSet", "db")])
    namespace.apply(pod("lost", nodeSelector={"none": "such"}))
    namespace.wait("Deployment", "api", timeout=60)
    namespace.wait("StatefulSet", "db", timeout=60)
    return namespace


def test_the_seeds_queries(shop):
    here = f"in namespace {shop.namespace}"
    found = ask("show all pods that are not running", shop)
    assert found.status == "read"
    assert found.requests[0].lines() == ["kubectl get pods -A '--field-selector=status.phase!=Running'"]
    assert ("lost" in names(found), "db-0" in names(found)) == (True, False)
    assert names(ask(f"show unhealthy pods {here}", shop)) == {"lost"}
    everything = ask(f"show pods {here}", shop)
    assert len(everything.results[0].rows) == 4
    assert "db-0" in everything._repr_html_()
    with pytest.raises(ClusterError, match="no metrics API") as error:
        ask("find pods using more than 500Mi memory", shop)
    assert "metrics-server" in error.value.fix


def test_services_exposed_externally(namespace):
    def service(name, **spec):
        body = {"ports": [{"port": 80}], "selector": {"app": name}, **spec}
        return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": body}

    rule = {"host": "shop.local", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {}}]}}
    rule["http"]["paths"][0]["backend"] = {"service": {"name": "routed", "port": {"number": 80}}}
    ingress = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "shop"}}
    namespace.apply(
        [
            service("balanced", type="LoadBalancer"),
            service("ported", type="NodePort"),
            service("routed"),
            service("inside"),
            ingress | {"spec": {"rules": [rule]}},
        ]
    )
    found = ask("list services exposed externally", namespace, namespace=namespace.namespace)
    assert names(found) == {"balanced", "ported", "routed"}
    assert "Ingress shop: shop.local/" in str(found)


def test_why_and_events(shop):
    found = ask("why is my pod crashing", shop, namespace=shop.namespace)
    diagnosis = found.results[0].diagnosis
    assert any("lost" in str(cause.finding.object) for cause in diagnosis.causes)
    assert (
        ask("why is deployment api failing", shop, namespace=shop.namespace).results[0].diagnosis.causes == ()
    )
    with pytest.raises(NotFound, match="no workload") as error:
        ask("what is wrong with apii", shop, namespace=shop.namespace)
    assert "api" in error.value.fix
    shop.patch("Deployment", "api", {"spec": {"template": {"spec": {"nodeSelector": {"none": "such"}}}}})
    shop.wait(
        "Deployment", "api", until=lambda item: item.at("status.unavailableReplicas", 0) > 0, timeout=30
    )

    def scheduled(_item):
        return any(row[2] == "FailedScheduling" for row in events().results[0].rows)

    def events():
        return ask("show events for failing deployments", shop, namespace=shop.namespace)

    shop.wait("Deployment", "api", until=scheduled, timeout=30)
    assert {row[3].split("-")[0] for row in events().results[0].rows} == {"Pod/api"}
    assert "about Deployment/api" in str(events())


def test_the_log_of_a_pod_that_restarts_right_now(shop, monkeypatch):
    """What the kubelet answers while the pod's status still names a container that it has removed."""
    answers = [NotFound("the log of db-0 was removed with its container", status=404)] * 2 + [
        "no orders table"
    ]
    monkeypatch.setattr(about, "LOG_PAUSES", (0, 0))

    def logs(_cluster, pod, **_more):
        answer = answers.pop(0)
        if isinstance(answer, str):
            return answer
        raise answer

    monkeypatch.setattr(Cluster, "logs", logs)
    found = ask("show previous logs of db-0", shop, namespace=shop.namespace)
    assert found.results[0].text == "no orders table"
    answers[:] = [NotFound("the log of db-0 was removed with its container", status=404)] * 3
    with pytest.raises(NotFound, match="was removed with its container"):
        ask("show previous logs of db-0", shop, namespace=shop.namespace)
    answers[:] = [NotFound("there is no pod", status=404), "never asked"]
    with pytest.raises(NotFound, match="there is no pod"):
        ask("show logs of db-0", shop, namespace=shop.namespace)


def test_scale_waits_for_a_yes_and_can_be_taken_back(shop):
    waiting = ask("scale deployment api to 5 replicas", shop)
    assert (waiting.status, waiting.exit_code) == ("waits", 4)
    assert waiting.proposal.requests[0].lines() == ["kubectl scale deployment api --replicas=5"]
    assert "+ spec.replicas: 5" in waiting.proposal.plan.diff
    assert shop.get("Deployment", "api").at("spec.replicas") == 2
    assert (
        ask("scale deployment api to 5 replicas", shop, decide=lambda _: Verdict("no")).status == "declined"
    )
    assert shop.get("Deployment", "api").at("spec.replicas") == 2
    done = ask("scale deployment api to 5 replicas", shop, approve=waiting.proposal.hash)
    assert (done.status, len(done.done)) == ("done", 1)
    assert f"kit undo {done.done[0].id}" in str(done)
    assert shop.get("Deployment", "api").at("spec.replicas") == 5
    assert ask("scale deployment api to 5", shop).status == "unchanged"
    undo(shop, done.done[0].id)
    assert shop.get("Deployment", "api").at("spec.replicas") == 2
    assert current().audit.verify().ok
    events = [entry["event"] for entry in current().audit.read()]
    assert "declined" in events


def test_a_missing_name_is_asked_for(shop):
    found = ask("scale deployment to 5", shop)
    assert (found.status, found.exit_code) == ("asks", 2)
    assert "there are: api" in found.question.text
    (option,) = found.question.options
    assert ask(option, shop).status == "waits"


def test_a_restart_of_a_namespace_says_what_it_touches_and_what_not(shop):
    found = ask(f"restart all pods in namespace {shop.namespace}", shop, decide=yes)
    assert found.status == "done"
    assert {item.text.split(" -n ")[0] for item in found.done} == {
        "restart Deployment/api",
        "restart StatefulSet/db",
    }
    assert "does not touch Pod/lost" in " ".join(found.proposal.notes)
    at = "spec.template.metadata.annotations"
    for kind, name in (("Deployment", "api"), ("StatefulSet", "db")):
        assert "kubectl.kubernetes.io/restartedAt" in shop.get(kind, name).at(at)


def test_a_name_alone_is_of_whichever_workload_has_it(shop):
    (done,) = ask("restart db", shop, decide=yes).done
    assert done.text.startswith("restart StatefulSet/db ")
    with pytest.raises(NotFound, match="no Deployment 'dbb'"):
        ask("restart dbb", shop, decide=yes)


def test_rolling_back(shop):
    assert ask("set the image of api to kit.local/c:2", shop, decide=yes).status == "done"
    shop.wait("Deployment", "api", timeout=60)
    assert ask("history of deployment api", shop).results[0].text.count("kit.local/c:") == 2
    done = ask("roll back deployment api", shop, decide=yes)
    assert done.status == "done"
    assert shop.get("Deployment", "api").at("spec.template.spec.containers.0.image") == "kit.local/c:1"


def test_drift_between_the_plan_and_the_yes_is_refused(shop):
    def drifting(_proposal):
        shop.patch("Deployment", "api", {"spec": {"template": {"metadata": {"labels": {"other": "hand"}}}}})
        return Verdict("yes")

    with pytest.raises(NotApproved, match="void"):
        ask("restart api and scale db to 2", shop, decide=drifting)
    assert shop.get("StatefulSet", "db").at("spec.replicas") == 1
    old = ask("scale api to 4", shop).proposal.hash
    shop.scale("Deployment", "api", 3)
    with pytest.raises(NotApproved, match="it would now be"):
        ask("scale api to 4", shop, approve=old)
    assert shop.get("Deployment", "api").at("spec.replicas") == 3


def test_read_only_is_enforced_by_the_gate(shop):
    found = ask("scale api to 5", shop, mode="read-only", decide=yes)
    assert (found.status, found.exit_code) == ("refused", 4)
    assert "only reading" in found.problem.reason
    with acting(gate(Actor("person"), read_only=True)), pytest.raises(Denied, match="only reading"):
        shop.scale("Deployment", "api", 5)
    assert shop.get("Deployment", "api").at("spec.replicas") == 2
    assert ask("show deployments", shop, mode="read-only").status == "read"


def test_an_edit_takes_the_whole_way_again(shop):
    answers = [Verdict("edit", "kubectl scale deployment api --replicas=3"), Verdict("yes")]
    shown = []

    def decide(proposal):
        shown.append(proposal.plan.diff)
        return answers.pop(0)

    done = ask("scale api to 30", shop, decide=decide)
    assert (done.status, len(shown)) == ("done", 2)
    assert shop.get("Deployment", "api").at("spec.replicas") == 3
    bad = ask("scale api to 30", shop, decide=lambda _: Verdict("edit", "kubectl delete deployments --all"))
    assert (bad.status, bad.exit_code) == ("not understood", 2)
    worse = ask(
        "scale api to 30", shop, decide=lambda _: Verdict("edit", f"kubectl delete ns {shop.namespace}")
    )
    assert worse.status == "refused"


def test_prohibited_whatever_is_said(shop, tmp_path):
    manifest = tmp_path / "mixed.yaml"
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s"},
        "stringData": {"a": "canary-88417"},
    }
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "b"}}
    manifest.write_text(f"{json.dumps(settings)}\n---\n{json.dumps(secret)}\n")
    for text in (f"delete namespace {shop.namespace}", f"kubectl apply -f {manifest}"):
        found = ask(text, shop, decide=yes)
        assert (found.status, found.classification.kind) == ("refused", "prohibited"), text
    assert shop.find("ConfigMap", "settings") is None
    shop.apply(secret)
    for text in ("show secrets", "describe secret s", "kubectl get secret s"):
        found = ask(text, shop)
        assert found.status == "read"
        assert "canary" not in found.json() + found._repr_html_() + str(found)
    manifest.write_text(json.dumps(settings))
    assert ask(f"kubectl apply -f {manifest}", shop, decide=yes).status == "done"
    assert shop.get("ConfigMap", "settings").at("data.a") == "b"


def test_what_goes_with_its_owner_is_looked_at(shop):
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owner"}, "data": {}}
    (owner,) = shop.apply(config)
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
    metadata = {"name": "owned", "ownerReferences": [reference]}
    shop.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"a": "b"}})
    found = ask("delete configmap owner", shop, decide=yes)
    assert found.status == "refused"
    assert "Secret/owned goes with ConfigMap/owner" in found.problem.reason
    shop.delete("Secret", "owned")
    assert ask("delete configmap owner", shop, decide=yes).status == "done"
    assert shop.find("ConfigMap", "owner") is None


def test_the_gate_alone_refuses_what_is_prohibited(shop, tmp_path, monkeypatch):
    """Each prohibited change of the corpus, past the classification: no plan comes of it."""
    monkeypatch.chdir(tmp_path)
    for name, text in CORPUS["files"].items():
        (tmp_path / name).write_text(text)
    shop.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "stringData": {"a": "b"}})
    denied = 0
    for part in CORPUS["corpus"]:
        for item in part["texts"]:
            if item["class"] != "prohibited":
                continue
            text = item["text"]
            read = kubectl.parse if kubectl.looks_like_a_command(text) else grammar.understand
            changes = [one for one in read(text) if one.changes]
            if not changes:
                continue
            with pytest.raises((Denied, ApiError)) as error:  # ApiError: there is no such object here
                propose(shop, changes, MODEL)
            denied += isinstance(error.value, Denied)
    assert denied > 25


def test_the_command(shop, monkeypatch):
    from kitlib.cluster import connect as connecting

    monkeypatch.setattr(connecting, "connect", lambda *_, **__: shop)
    runner = CliRunner()
    read = runner.invoke(app, ["ask", "show deployments", "--no-model", "--format", "json"])
    assert read.exit_code == 0, read.output
    assert json.loads(read.output)["results"][0]["rows"][0]["name"] == "api"
    waits = runner.invoke(app, ["ask", "scale api to 3", "--no-model"], input="y\n")
    assert waits.exit_code == 4  # no terminal: a yes from nowhere counts for nothing
    assert shop.get("Deployment", "api").at("spec.replicas") == 2
    hash = waits.output.split("--approve ")[1].split()[0]
    done = runner.invoke(app, ["ask", "scale api to 3", "--no-model", "--approve", hash, "--wait", "0"])
    assert done.exit_code == 0, done.output
    assert shop.get("Deployment", "api").at("spec.replicas") == 3
    assert runner.invoke(app, ["ask", "make it nice", "--no-model"]).exit_code == 2
    grammar = runner.invoke(app, ["ask", "--grammar"])
    assert "show unhealthy pods" in grammar.output


def test_what_kubectl_can_not_do_is_said_once(namespace):
    found = ask("show pods that are not running", namespace)
    assert str(found).count("CrashLoopBackOff, whose phase is Running") == 1
    assert found._repr_html_().count("whose phase is Running") == 1
    assert "CrashLoopBackOff" in found.as_dict()["requests"][0]["note"]
