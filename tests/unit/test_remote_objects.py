"""What a run in the cluster is made of: the declared permissions and no others, in a restricted pod."""

from __future__ import annotations

import json

import pytest
import yaml
from runner_help import NAMESPACED, SERVER, order, prepared

from kitlib import checks
from kitlib.errors import PrecheckFailed, UsageError
from kitlib.runbooks.catalogue import Permission, Runbook
from kitlib.runbooks.remote import cron, names, objects, orders, permissions, pod, storage, watching
from kitlib.runbooks.remote.permissions import Grant, Need, Review, divide
from kitlib.settings import Unattended

LABELS = {"kit.dev/runbook": "capacity-report"}


def declared(item):
    return item.runbook.declared.permissions


def granted():
    return divide(declared(prepared()), ("shop",), NAMESPACED)


def by_kind(items):
    return {item["kind"]: item for item in items}


# --- permissions


def test_the_roles_say_what_the_notebook_declares_and_nothing_more():
    made = by_kind(granted().objects("acc", "kit-runs", LABELS))
    assert set(made) == {"ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}
    assert made["Role"]["metadata"] == {"name": "acc", "namespace": "shop", "labels": LABELS}
    assert made["Role"]["rules"] == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
        {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"]},
    ]
    assert made["ClusterRole"]["rules"] == [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}]
    subject = {"kind": "ServiceAccount", "name": "acc", "namespace": "kit-runs"}
    for kind in ("Role", "ClusterRole"):
        binding = made[f"{kind}Binding"]
        assert binding["subjects"] == [subject]
        assert binding["roleRef"] == {"apiGroup": permissions.RBAC, "kind": kind, "name": "acc"}
    assert made["RoleBinding"]["metadata"]["namespace"] == "shop"
    assert "namespace" not in made["ClusterRole"]["metadata"]
    assert made["ServiceAccount"]["metadata"]["namespace"] == "kit-runs"
    assert made["ServiceAccount"]["automountServiceAccountToken"] is False


def test_there_is_no_cluster_role_without_a_resource_of_the_whole_cluster():
    only = divide(declared(prepared())[:3], ("shop",), NAMESPACED)
    assert set(by_kind(only.objects("acc", "kit-runs", {}))) == {"ServiceAccount", "Role", "RoleBinding"}
    assert only.places == ["shop"]


def test_no_permissions_make_an_account_that_may_nothing():
    nothing = Grant(("shop",), (), ())
    assert [item["kind"] for item in nothing.objects("acc", "kit-runs", {})] == ["ServiceAccount"]
    assert (nothing.places, nothing.lines()) == ([], [])


def test_each_namespace_that_a_parameter_names_has_its_role_and_no_other():
    found = prepared(
        {"source": "one", "target": "two"},
        cell='source: Namespace = "a"\ntarget: Namespace = "b"\nalso: Namespace = "one"',
    )
    places = permissions._namespaces(found)
    assert places == ("one", "two")
    made = divide(declared(found), places, NAMESPACED).objects("acc", "kit-runs", {})
    assert [item["metadata"]["namespace"] for item in made if item["kind"] == "Role"] == ["one", "two"]


def test_a_resource_that_the_cluster_does_not_have_is_granted_in_the_namespace_only():
    odd = Permission(group="example.com", resource="widgets", verbs=["get"])
    assert divide([odd], ("shop",), NAMESPACED).wide == ()


def test_whoever_grants_must_hold_it_all_and_may_write_roles_there():
    needs = set(permissions.needs_of(granted()))
    assert Need("get", "", "pods/log", "shop") in needs
    assert Need("list", "", "nodes") in needs
    for verb in ("get", "create", "patch", "delete"):
        assert Need(verb, permissions.RBAC, "rolebindings", "shop") in needs
        assert Need(verb, permissions.RBAC, "clusterroles") in needs
    none_wide = set(permissions.needs_of(divide(declared(prepared())[:1], ("shop",), NAMESPACED)))
    assert not [need for need in none_wide if need.resource.startswith("cluster")]


def test_what_is_missing_is_named_before_anything_is_made():
    reviews = [Review(Need("get", "", "pods", "shop"), True), Review(Need("list", "", "nodes"), False)]
    with pytest.raises(PrecheckFailed, match=r"this user lacks: list nodes\n") as caught:
        permissions.refuse_missing(reviews, "capacity-report")
    assert caught.value.exit_code == 3


def test_permissions_are_shown_one_a_line():
    assert granted().lines() == [
        "list pods  in shop",
        "get pods/log  in shop",
        "get, list deployments.apps  in shop",
        "list nodes  in the whole cluster",
    ]


# --- the pod


def test_the_pod_runs_what_a_person_would_type():
    assert pod.command(order(parameters={"namespace": "shop", "note": "two words"})) == [
        "kit", "runbook", "run", "capacity-report", "-p", "namespace=shop", "-p", "note=two words",
        "--timeout", "600",
    ]  # fmt: skip
    assert pod.command(order(approve="f00"))[-2:] == ["--approve", "f00"]


def spec_of(found=None):
    return objects.job(found or order(), "acc", LABELS)["spec"]["template"]["spec"]


def reader_spec():
    found = storage.Reader(prepared().cluster, "kit-reader-1", "token")
    return storage.reader_objects(found, "kit-runner:abc")[1]["spec"]


def test_all_objects_pass_kits_own_rules(tmp_path):
    """The restricted Pod Security standard is among them."""
    reader = storage.Reader(prepared().cluster, "kit-reader-1", "token")
    account = order().account
    made = [
        storage.namespace("kit-runs"),
        storage.claim(),
        *granted().objects(account, "kit-runs", LABELS),
        objects.job(order(secret=account, approve="f00"), account, LABELS),
        cron.cron_job(order(), cron.Timing("0 3 * * 1"), "capacity", LABELS, granted()),
        *storage.reader_objects(reader, "kit-runner:abc")[1:],  # without its Secret: that is for no file
    ]
    (tmp_path / "made.yaml").write_text(yaml.safe_dump_all(made))
    assert [(item.id, item.object, item.found) for item in checks.check([tmp_path]).findings] == []


def test_the_reader_has_no_token_and_may_not_write_to_the_volume():
    spec = reader_spec()
    assert spec["automountServiceAccountToken"] is False
    [mount] = [m for m in spec["containers"][0]["volumeMounts"] if m["name"] == "runs"]
    assert mount["readOnly"] is True


def environment(spec):
    return {item["name"]: item.get("value") for item in spec["containers"][0]["env"]}


def test_the_pod_knows_what_its_caller_calls_the_cluster():
    found = environment(spec_of())
    assert found == {
        "POD_NAME": None,
        "KIT_CONTEXT": "in-cluster",
        "KIT_CONTEXT_NAME": "kind-kit",
        "KIT_SERVER_NAME": SERVER,
        "KIT_NAMESPACE": "shop",
        "KIT_RUNS_DIR": "/runs",
        "KIT_STATE_DIR": "/var/lib/kit",
        "KIT_CACHE_DIR": "/tmp/cache",
        "LOGNAME": "alice",
        "HOME": "/tmp",
    }


def test_a_policy_that_needs_no_approval_goes_along():
    rule = Unattended(runbook="capacity-report", namespaces=("shop",), contexts=("kind-*",))
    text = environment(spec_of(order(unattended=(rule,))))["KIT_UNATTENDED"]
    assert json.loads(text) == [
        {"runbook": "capacity-report", "namespaces": ["shop"], "contexts": ["kind-*"]}
    ]


def test_a_run_sees_its_own_part_of_the_volume_and_the_locks():
    mounts = [m for m in spec_of()["containers"][0]["volumeMounts"] if m["name"] == "runs"]
    assert [(m["mountPath"], m.get("subPathExpr") or m["subPath"]) for m in mounts] == [
        ("/runs", "$(POD_NAME)/runs"), ("/var/lib/kit", "$(POD_NAME)/state"), ("/var/lib/kit/locks", "locks"),
    ]  # fmt: skip


def test_the_key_is_mounted_only_for_a_plan_and_only_to_read():
    assert not [m for m in spec_of()["containers"][0]["volumeMounts"] if m["name"] == "key"]
    spec = spec_of(order(secret="acc", approve="f00"))
    [mount] = [m for m in spec["containers"][0]["volumeMounts"] if m["name"] == "key"]
    assert mount == {
        "name": "key", "mountPath": "/var/lib/kit/digest.key", "subPath": "digest.key", "readOnly": True
    }  # fmt: skip
    [volume] = [v for v in spec["volumes"] if v["name"] == "key"]
    assert volume["secret"]["defaultMode"] == 0o440


# --- Job and CronJob


def test_a_job_is_tried_once_and_ends_when_the_run_did_not():
    made = objects.job(order(), "acc", LABELS)
    spec = {key: value for key, value in made["spec"].items() if key != "template"}
    assert spec == {
        "backoffLimit": 0, "activeDeadlineSeconds": 720, "ttlSecondsAfterFinished": 86400, "suspend": True
    }  # fmt: skip
    assert made["spec"]["template"]["spec"]["serviceAccountName"] == "kit-capacity-report-0123456789"
    assert made["spec"]["template"]["spec"]["restartPolicy"] == "Never"


def test_a_schedule_never_runs_twice_at_once():
    timing = cron.Timing("0 3 * * 1", "Europe/Berlin")
    made = cron.cron_job(order(account="kit-cron-capacity"), timing, "capacity", LABELS, granted())
    spec = {key: value for key, value in made["spec"].items() if key != "jobTemplate"}
    assert spec == {
        "schedule": "0 3 * * 1",
        "timeZone": "Europe/Berlin",
        "suspend": False,
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 300,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 3,
    }
    assert made["metadata"]["name"] == "kit-cron-capacity"
    assert json.loads(made["metadata"]["annotations"]["kit.dev/roles"]) == ["shop", ""]
    assert made["spec"]["jobTemplate"]["spec"] == objects.job_spec(order(account="kit-cron-capacity"), LABELS)


def test_names_fit_and_tell_targets_apart():
    one, other = prepared(), prepared({"namespace": "other"})
    assert names.name_of(one) != names.name_of(other)
    assert names.name_of(one).startswith("kit-capacity-report-")
    assert names.title_of(one) == f"capacity-report-{names.target(one)[:6]}"
    assert names.title_of(one, "Weekly Report!") == "weekly-report"
    long = names.fitting("kit", "a" * 80, "0123456789")
    assert len(long) == names.LONGEST
    assert long.endswith("-0123456789")
    assert len(f"{names.CRON}-{names.title_of(one, 'x' * 90)}") <= names.LONGEST


def test_values_are_typed_as_on_a_command_line():
    assert [orders.typed(value) for value in ("1.10", 3, True, None, ["a", "b"])] == [
        "1.10", "3", "true", "null", '["a", "b"]'
    ]  # fmt: skip


def test_a_notebook_that_the_image_does_not_hold_is_refused(tmp_path):
    path = tmp_path / "own.ipynb"
    with pytest.raises(UsageError, match="not in the runner image"):
        orders.refuse_elsewhere(Runbook("own", path, {"cells": [], "metadata": {}}))


# --- how a pod ended


def ended(state, **status):
    from kitlib.cluster import Resource

    found = {"containerStatuses": [{"name": "runbook", "state": state}], **status}
    return watching.end(Resource(metadata={"name": "p"}, status=found), "p")


def test_how_a_container_ended_is_told_by_its_code_or_by_the_kubelet():
    assert ended({"terminated": {"exitCode": 4, "reason": "Error"}}) == watching.End("p", 4)
    assert ended({"terminated": {"exitCode": 0, "reason": "Completed"}}) == watching.End("p", 0)
    killed = ended({"terminated": {"exitCode": 137, "reason": "OOMKilled"}})
    assert (killed.code, killed.reason) == (137, "OOMKilled")
    late = ended({"terminated": {"exitCode": 143, "reason": "Error"}}, reason="DeadlineExceeded")
    assert late.reason == "DeadlineExceeded"
    assert watching.end(None, "p") == watching.End("p", None, "it was deleted")
