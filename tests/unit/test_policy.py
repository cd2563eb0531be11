"""The policy gate's parts: actions and their hashes, prohibitions, budget, approvals, and an audit that shows
any tampering."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from kitlib.errors import NotApproved
from kitlib.policy import (
    RESTARTED,
    Action,
    Actor,
    Approval,
    Approvals,
    Audit,
    AuditError,
    Budget,
    Limits,
    prohibition,
)
from kitlib.policy.action import affected_pods, changes

AGENT = Actor("agent", "tests")


def workload(**spec):
    return {"kind": "Deployment", "metadata": {"name": "api", "generation": 3, "uid": "u"}, "spec": spec}


def action(verb="patch", kind="Deployment", before=None, after=None, **more):
    given = {"api_version": "apps/v1", "namespace": "shop", "name": "api", "uid": "u", "server": "https://s"}
    return Action(verb, kind=kind, actor=AGENT, changes=changes(before, after), **given | more)


def test_changes_name_the_field_and_leave_out_what_the_server_keeps():
    before = workload(replicas=2, template={"spec": {"containers": [{"image": "a:1"}]}})
    after = workload(replicas=3, template={"spec": {"containers": [{"image": "a:2"}]}})
    after["metadata"] |= {"generation": 4, "resourceVersion": "9", "managedFields": [{}]}
    after["status"] = {"replicas": 2}
    found = {change.dotted: (change.before, change.after) for change in changes(before, after)}
    assert found == {"spec.replicas": (2, 3), "spec.template.spec.containers[0].image": ("a:1", "a:2")}
    assert changes(before, before) == ()


def test_the_moment_of_a_restart_is_no_part_of_it():
    def restarted(at, **others):
        return workload(template={"metadata": {"annotations": {RESTARTED: at, **others}}})

    first = [changes(workload(template={"metadata": {}}), restarted(at)) for at in ("10:00", "10:05")]
    again = [changes(restarted("9:00"), restarted(at)) for at in ("10:00", "10:05")]
    for one, other in (first, again):
        assert one == other
        assert [change.path[-1] for change in one] == [RESTARTED]
    assert changes(restarted("9:00", a="b"), restarted("9:00", a="c"))[0].after == "c"


def test_a_secrets_values_are_told_apart_but_never_shown():
    def secret(value):
        return {"kind": "Secret", "metadata": {"name": "s"}, "data": {"password": value}}

    (change,) = changes(secret("aHVudGVyMg=="), secret("Y29ycmVjdA=="))
    assert "hidden" in change.before
    assert change.before != change.after
    assert "aHVudGVyMg" not in repr(change)
    assert changes(secret("aHVudGVyMg=="), secret("aHVudGVyMg==")) == ()


def test_a_hash_names_the_change_the_object_its_state_and_the_server():
    pair = (workload(replicas=2), workload(replicas=3))
    same = action(before=pair[0], after=pair[1], version="3")
    assert same.hash == action(before=pair[0], after=pair[1], version="3").hash
    others = [
        action(before=pair[0], after=workload(replicas=4), version="3"),
        action(before=pair[0], after=pair[1], version="4"),
        action(before=pair[0], after=pair[1], version="3", server="https://other"),
        action(before=pair[0], after=pair[1], version="3", uid="v"),
        action(before=pair[0], after=pair[1], version="3", name="web"),
    ]
    assert same.hash not in {other.hash for other in others}
    assert same.intent == others[1].intent
    assert same.intent not in {others[0].intent, others[2].intent, others[4].intent}


@pytest.mark.parametrize(
    ("before", "after", "pods"),
    [
        (workload(replicas=2), workload(replicas=5), 3),
        (workload(replicas=5), None, 5),
        (workload(replicas=4, template={"a": 1}), workload(replicas=4, template={"a": 2}), 4),
        (workload(replicas=4), workload(replicas=4, paused=True), 0),
        ({"kind": "Pod"}, None, 1),
        ({"kind": "ConfigMap"}, {"kind": "ConfigMap", "data": {}}, 0),
    ],
)
def test_the_blast_radius_counts_pods(before, after, pods):
    assert affected_pods(before, after) == pods


PSS = "pod-security.kubernetes.io/"
STATEFUL = {
    "kind": "StatefulSet",
    "metadata": {"name": "db"},
    "spec": {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}},
}


@pytest.mark.parametrize(
    ("asked", "topic"),
    [
        (action("delete", "Namespace", api_version="v1"), "namespace deletion"),
        (action("patch", "Secret", api_version="v1"), "Secret modification"),
        (action("delete", "Secret", api_version="v1"), "Secret modification"),
        (action("apply", "Role", api_version="rbac.authorization.k8s.io/v1"), "RBAC changes"),
        (action("delete", "ClusterRoleBinding", api_version="rbac.authorization.k8s.io/v1"), "RBAC changes"),
        (action("patch", "NetworkPolicy", api_version="networking.k8s.io/v1"), "network policy changes"),
        (action("delete", "PersistentVolumeClaim", api_version="v1"), "PV/PVC deletion"),
        (action("delete", "PersistentVolume", api_version="v1"), "PV/PVC deletion"),
        # indirect routes
        (action("delete", "StatefulSet", before=STATEFUL), "PV/PVC deletion"),
        (action("patch", "StatefulSet", before=workload(), after=STATEFUL), "PV/PVC deletion"),
        (action("scale", namespace="kube-system"), "system namespaces"),
        (action("apply", "StatefulSet", uid="", after=STATEFUL), "PV/PVC deletion"),
        (
            action("apply", "ConfigMap", uid="", after={"metadata": {"ownerReferences": [{"uid": "x"}]}}),
            "an indirect route",
        ),
        (
            action(
                "apply", "Namespace", uid="", after={"metadata": {"labels": {f"{PSS}enforce": "privileged"}}}
            ),
            "Pod Security changes",
        ),
        (action("delete", "CustomResourceDefinition"), "an indirect route"),
        (action("patch", "ExternalSecret", api_version="external-secrets.io/v1"), "an indirect route"),
        (action("patch", "Application", api_version="argoproj.io/v1alpha1"), "an indirect route"),
        (action("apply", "Job", api_version="batch/v1", uid="", after={"kind": "Job"}), "an indirect route"),
        (
            action(
                before={"metadata": {"finalizers": ["keep"]}},
                after={"metadata": {"finalizers": []}},
            ),
            "an indirect route",
        ),
        (
            action(before={"metadata": {}}, after={"metadata": {"ownerReferences": [{"uid": "x"}]}}),
            "an indirect route",
        ),
        (
            action(
                before=workload(template={"spec": {}}),
                after=workload(template={"spec": {"serviceAccountName": "admin"}}),
            ),
            "an indirect route",
        ),
        (
            action(
                before=workload(template={"spec": {"volumes": []}}),
                after=workload(template={"spec": {"volumes": [{"hostPath": {"path": "/"}}]}}),
            ),
            "an indirect route",
        ),
        (
            action(
                before=workload(template={"spec": {"securityContext": {"runAsNonRoot": True}}}),
                after=workload(template={"spec": {"securityContext": {}}}),
            ),
            "Pod Security changes",
        ),
        (
            action(
                kind="Namespace",
                before={"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}},
                after={"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}},
            ),
            "Pod Security changes",
        ),
    ],
    ids=lambda value: str(value) if not isinstance(value, str) else "",
)
def test_prohibited_whatever_was_approved(asked, topic):
    assert prohibition(asked).topic == topic


@pytest.mark.parametrize(
    "asked",
    [
        action("scale", before=workload(replicas=2), after=workload(replicas=3)),
        action("scale", namespace="kube-system-tools"),
        action("apply", "Namespace", uid="", after={"metadata": {"labels": {f"{PSS}enforce": "restricted"}}}),
        action("apply", "StatefulSet", uid="", after={"spec": {}, "metadata": {"labels": {"a": "b"}}}),
        action("evict", "Pod", api_version="v1", namespace="kube-system"),
        action(
            "delete", "Pod", api_version="v1", before={"kind": "Pod", "spec": {"serviceAccountName": "x"}}
        ),
        action("apply", "ConfigMap", api_version="v1", after={"data": {"command": "x"}, "kind": "ConfigMap"}),
        action("delete", "StatefulSet", before={"kind": "StatefulSet", "spec": {}}),
        action(
            kind="Namespace", before={"metadata": {"labels": {}}}, after={"metadata": {"labels": {"a": "b"}}}
        ),
    ],
    ids=str,
)
def test_not_prohibited(asked):
    assert prohibition(asked) is None


def test_the_budget_counts_an_hour_and_survives_a_restart(tmp_path):
    limits = Limits(actions_per_hour=2, pods=5, nodes=1)
    path = tmp_path / "agent.json"
    assert Budget(path, limits).spend(pods=1, now=1000.0) == ""
    assert Budget(path, limits).spend(pods=5, now=1010.0) == ""
    assert "2 actions" in Budget(path, limits).spend(pods=1, now=1020.0)
    assert Budget(path, limits).spend(pods=1, now=1000.0 + 3601) == ""
    assert "6 pods" in Budget(path, limits).spend(pods=6, now=9000.0)


def test_the_budget_counts_nodes_and_is_closed_on_doubt(tmp_path):
    budget = Budget(tmp_path / "a.json", Limits(actions_per_hour=9, nodes=1))
    assert budget.spend(pods=0, nodes=1, now=1.0) == ""
    assert "2 nodes" in budget.spend(pods=0, nodes=2, now=5000.0)
    assert "1 in an hour" in budget.spend(pods=0, nodes=1, now=2.0)
    (tmp_path / "a.json").write_text("{damaged")
    assert "counts as spent" in budget.spend(pods=0)


def test_a_clock_set_back_frees_nothing(tmp_path):
    budget = Budget(tmp_path / "a.json", Limits(actions_per_hour=1))
    assert budget.spend(pods=0, now=10_000.0) == ""
    assert "1 actions" in budget.spend(pods=0, now=5_000.0)


def test_an_approval_names_one_plan_and_expires(tmp_path):
    approvals = Approvals(tmp_path)
    plan = approvals.save_plan([action(before=workload(replicas=1), after=workload(replicas=2))], "scale")
    with pytest.raises(NotApproved, match="nobody approved"):
        approvals.approval(plan.hash)
    approvals.approve(plan.hash, "ada")
    assert approvals.approval(plan.hash).by == "ada"
    assert approvals.plan(plan.hash) == plan
    approvals.approve(plan.hash, "ada", timedelta(seconds=-1))
    with pytest.raises(NotApproved, match="expired"):
        approvals.approval(plan.hash)


def test_an_edited_plan_is_refused(tmp_path):
    approvals = Approvals(tmp_path)
    plan = approvals.save_plan([action(before=workload(replicas=1), after=workload(replicas=2))], "scale")
    path = tmp_path / f"plan-{plan.hash}.json"
    path.write_text(path.read_text().replace('"subject": "scale"', '"subject": "other"'))
    with pytest.raises(NotApproved, match="edited"):
        approvals.plan(plan.hash)


def test_an_approval_from_the_future_is_none():
    now = datetime.now(UTC)
    later = (now + timedelta(hours=1)).isoformat()
    given = Approval("h", "ada", later, (now + timedelta(hours=2)).isoformat())
    assert "future" in given.problem(now)


@pytest.fixture
def audit(tmp_path):
    found = Audit(tmp_path / "audit.jsonl")
    for number in range(4):
        found.write("begin", note=f"entry {number}")
    return found


def test_an_untouched_audit_holds(audit):
    assert (audit.verify().ok, audit.verify().entries) == (True, 4)
    assert [entry["n"] for entry in audit.read()] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "tamper",
    [
        lambda lines: [lines[0].replace("entry 0", "entry X"), *lines[1:]],
        lambda lines: [lines[0], *lines[2:]],
        lambda lines: [lines[1], lines[0], *lines[2:]],
        lambda lines: lines[:-1],
        lambda lines: [],
        lambda lines: [*lines[:-1], lines[-1].replace("entry 3", "entry Z")],
        lambda lines: [*lines, lines[-1]],
        lambda lines: [*lines, "not json\n"],
    ],
    ids=["changed", "removed", "swapped", "cut", "emptied", "last changed", "added", "damaged"],
)
def test_tampering_shows_and_closes_the_audit(audit, tamper):
    lines = audit.path.read_text().splitlines(keepends=True)
    audit.path.write_text("".join(tamper(lines)))
    assert not audit.verify().ok


def test_a_cut_audit_takes_no_more_entries(audit):
    audit.path.write_text("".join(audit.path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(AuditError, match="not as it was left"):
        audit.write("begin")


def test_a_process_killed_between_line_and_head_breaks_nothing(audit):
    head = audit.path.with_suffix(".head")
    before = head.read_text()
    audit.write("begin", note="the last before the kill")
    head.write_text(before)
    assert audit.verify().ok
    assert audit.write("begin", note="after it") == 6
    assert audit.verify().entries == 6


def test_entries_are_redacted(audit):
    audit.write("begin", url="postgresql://app:swordfish-4417@db/app")
    assert "swordfish-4417" not in audit.path.read_text()
    assert json.loads(audit.path.read_text().splitlines()[-1])["url"].startswith("postgresql://***@")
