"""Runbooks that only look: capacity, an incident's timeline, the security checklist, what was changed."""

from __future__ import annotations

import papermill
import pytest
from runbooks_help import deployment, never, run, use

from kitlib.errors import Forbidden
from kitlib.operations import automation, headroom, incidents
from kitlib.runbooks import catalogue

GIB = 1024


@pytest.fixture
def place(namespace, tmp_path, monkeypatch):
    use(monkeypatch, namespace, tmp_path)
    return namespace


def evidence(result, title):
    return next(item["text"] for item in result.record["evidence"] if item["title"] == title)


def asking(name, replicas, cpu, memory):
    requests = {"requests": {"cpu": cpu, "memory": memory}}
    return deployment(name, replicas, containers=[{"name": "web", "image": "web:1", "resources": requests}])


def test_capacity_is_what_nodes_have_and_pods_request(place):
    before = headroom.by_node(place)
    place.apply(asking("greedy", 2, "1500m", "1Gi"))
    place.wait("Deployment", "greedy")
    after = headroom.by_node(place)
    assert after["cpu_requested"].sum() - before["cpu_requested"].sum() == pytest.approx(3.0)
    assert after["memory_requested"].sum() - before["memory_requested"].sum() == 2 * GIB
    share = after["cpu_requested"] / after["cpu"] * 100
    assert list(after["cpu_percent"]) == pytest.approx(list(share), abs=0.1)
    own = headroom.by_namespace(place).set_index("namespace").loc[place.namespace]
    assert (own["pods"], own["cpu_requested"], own["memory_requested"]) == (2, 3.0, 2 * GIB)


def test_a_quota_that_is_nearly_used_up_is_named(place):
    spec = {"hard": {"requests.cpu": "2", "pods": "10"}}
    place.apply({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "team"}, "spec": spec})
    place.wait("ResourceQuota", "team", until=lambda item: bool(item.at("status.hard")))
    place.apply(asking("half", 1, "900m", "64Mi"))
    place.wait("Deployment", "half")
    name = f"quota {place.namespace}/team: requests.cpu"
    roomy = run(place, "capacity-report", never, percent=100)
    assert roomy.exit_code == 0, roomy.record["message"]
    assert name not in evidence(roomy, "What is tight")
    place.apply(asking("more", 1, "1", "64Mi"))
    place.wait("Deployment", "more")
    place.wait(
        "ResourceQuota", "team", until=lambda item: item.at("status.used", {})["requests.cpu"] == "1900m"
    )
    tight = run(place, "capacity-report", never, percent=90)
    assert tight.exit_code == 0, tight.record["message"]
    assert f"{name} is at 1900m of 2" in evidence(tight, "What is tight")
    assert "requests.cpu" in tight.record["message"]


def test_an_incident_is_told_in_order_with_its_suspects(place):
    place.apply(deployment("web", 1))
    place.wait("Deployment", "web")
    nowhere = {"spec": {"template": {"spec": {"nodeSelector": {"disk": "none-such"}}}}}
    place.patch("Deployment", "web", nowhere)
    place.wait("Deployment", "web", until=lambda item: item.at("status.unavailableReplicas", 0) == 1)

    def seen():
        return [moment.what for moment in incidents.timeline(place, since=incidents.timedelta(hours=1))]

    for _ in range(100):
        if any("FailedScheduling" in what for what in seen()):
            break
        place.find("Pod", "none")
    result = run(place, "incident-report", never, namespace=place.namespace, since="1h")
    assert result.exit_code == 0, result.record["message"]
    told = evidence(result, "Timeline")
    first, second = told.index("revision 1 with web:1"), told.index("revision 2 with web:1")
    assert first < second
    assert "FailedScheduling" in told
    assert "ScalingReplicaSet" in told
    suspect = next(pod for pod in place.list("Pod") if not pod.at("spec.nodeName"))
    assert f"not well: {suspect.name}" in result.record["message"]


def test_a_quiet_namespace_has_no_suspects(place):
    result = run(place, "incident-report", never, namespace=place.namespace)
    assert result.exit_code == 0, result.record["message"]
    assert "all pods are well" in result.record["message"]


def harden(cluster):
    """Put a Deployment that keeps to the checklist in the place of the open one."""
    cluster.delete("Deployment", "open")
    levels = {"pod-security.kubernetes.io/enforce": "restricted"}
    cluster.patch("Namespace", cluster.namespace, {"metadata": {"labels": levels}})
    security = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True}
    security |= {"runAsNonRoot": True, "runAsUser": 1000, "capabilities": {"drop": ["ALL"]}}
    amounts = {"cpu": "10m", "memory": "16Mi"}
    container = {"name": "web", "image": "web:1", "securityContext": security}
    container |= {"resources": {"requests": amounts, "limits": amounts}}
    pod = {"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}, "containers": [container]}
    policy = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "closed"}}
    system = {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}
    ports = [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]
    dns = {"to": [{"namespaceSelector": system}], "ports": ports}
    policy |= {"spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "egress": [dns]}}
    cluster.apply([policy, deployment("closed", 1, automountServiceAccountToken=False, **pod)])
    cluster.wait("Deployment", "closed")


def test_the_security_checklist_tells_a_hardened_namespace_from_an_open_one(place):
    place.apply(deployment("open", 1))
    found = run(place, "security-audit", never, namespace=place.namespace)
    assert found.exit_code == 0, found.record["message"]
    assert "questions failed" in found.record["message"]
    assert "✗ Non-root containers" in evidence(found, "The checklist")
    assert "✗ Network policies configured" in evidence(found, "The checklist")
    strict = run(place, "security-audit", never, namespace=place.namespace, strict=True)
    assert strict.exit_code == 1
    assert "Non-root containers" in strict.record["message"]

    harden(place)
    mended = run(place, "security-audit", never, namespace=place.namespace, strict=True)
    assert mended.exit_code == 0, mended.record["message"]
    assert "are answered with yes" in mended.record["message"]


def test_the_weekly_report_tells_who_changed_what_and_what_was_refused(place):
    place.apply(deployment("web", 1))
    done = run(
        place,
        "namespace-clean-up",
        namespace=place.namespace,
        kinds=["Deployment"],
        selector="app=web",
        older_than="0s",
    )
    assert done.exit_code == 0, done.record["message"]
    place.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine"}, "data": {"a": "1"}})
    with pytest.raises(Forbidden):
        place.within("default").delete("Namespace", "default")
    result = run(place, "weekly-report", never, namespace=place.namespace, period="1h")
    assert result.exit_code == 0, result.record["message"]
    assert "refused or failed" in result.record["message"]
    by_actor = evidence(result, "Changes by actor and result")
    assert "runbook" in by_actor
    assert "person" in by_actor
    assert "Namespace/default" in evidence(result, "Refused or failed")
    assert "namespace-clean-up" in evidence(result, "Runs by runbook and status")
    assert "ConfigMap/mine" in evidence(result, f"Who wrote to objects of {place.namespace}")


def test_an_audit_that_was_tampered_with_ends_the_weekly_report(place, monkeypatch, tmp_path):
    from kitlib import policy
    from kitlib.settings import get_settings

    monkeypatch.setenv("KIT_STATE_DIR", str(tmp_path / "state"))
    get_settings.cache_clear()
    try:
        audit = policy.person().audit
        for number in range(3):
            audit.write("begin", actor="person", action={"verb": "patch", "object": f"ConfigMap/{number}"})
        lines = audit.path.read_text().splitlines(keepends=True)
        audit.path.write_text(lines[0] + lines[2])
        result = run(place, "weekly-report", never, namespace=place.namespace)
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
    assert result.exit_code == 1
    assert "line 2 does not follow the line before it" in result.record["message"]


@pytest.mark.parametrize("name", ["capacity-report", "incident-report", "security-audit", "weekly-report"])
def test_plain_papermill_makes_the_same_reports(place, tmp_path, name):
    book = catalogue.find(name)
    given = {"namespace": place.namespace} if "namespace" in book.parameters.model.model_fields else {}
    output = tmp_path / "plain.ipynb"
    papermill.execute_notebook(str(book.path), str(output), given, progress_bar=False)
    assert "Traceback" not in output.read_text()


def test_changes_of_a_period_are_told_with_their_ends():
    begun = {"event": "begin", "actor": "person"}
    by_runbook = {"verb": "delete", "kind": "Job", "name": "a", "namespace": "n"}
    by_agent = {"verb": "delete", "kind": "Namespace", "name": "n", "actor": "agent a"}
    day = "2026-01-08T00:00:0"
    entries = [
        begun | {"n": 1, "at": "2026-01-01T00:00:00+00:00", "action": {"object": "ConfigMap/old"}},
        begun | {"n": 2, "at": f"{day}0+00:00", "actor": "runbook run x", "action": by_runbook},
        {"n": 3, "at": f"{day}1+00:00", "event": "end", "of": 2, "result": "done"},
        begun | {"n": 4, "at": f"{day}2+00:00", "action": {"verb": "patch", "object": "Secret/b"}},
        {"n": 5, "at": f"{day}3+00:00", "event": "deny", "action": by_agent, "reason": "never"},
    ]
    now = automation.datetime(2026, 1, 8, 1, tzinfo=automation.UTC)
    found = automation.changes(entries, since=automation.timedelta(days=7), now=now)
    assert found[["actor", "object", "result"]].values.tolist() == [
        ["runbook run x", "Job/a -n n", "done"],
        ["person", "Secret/b", "unknown"],
        ["agent a", "Namespace/n", "denied"],
    ]
    assert automation.refusals(found)["reason"].tolist() == ["never"]
    assert automation.by_actor(found).loc["agent", "denied"] == 1
    assert automation.changes([], since=automation.timedelta(days=7)).empty
