"""The comparison behind `kit spec drift`: fields by their identity, what is left out, who changed what."""

from __future__ import annotations

import copy
import os
import subprocess
import sys

import pytest
import yaml
from artifacts_help import ROOT, application

from kitlib.app.manifests import IMAGES, placed, put_in, with_images
from kitlib.artifacts.manifests import Target, objects
from kitlib.drift.facts import facts, given, required, same
from kitlib.drift.fields import ABSENT, changes, flat, owner, shown, shown_path
from kitlib.drift.normal import comparable, secret_values_hidden
from kitlib.drift.report import Difference, Report
from kitlib.findings import Findings, Ref


def found(wanted, live):
    return {(change.field, change.wanted, change.found) for change in changes(wanted, live)}


def fields_of(wanted, live):
    return {change.field for change in changes(wanted, live)}


def workload(**fields):
    body = {"name": "api", "image": "todo-api:1", **fields}
    return {"spec": {"template": {"spec": {"containers": [body, {"name": "log", "image": "log:1"}]}}}}


API = "spec.template.spec.containers[api]"


def test_equal_objects_differ_in_nothing():
    assert found(workload(), workload()) == set()


def test_a_field_is_named_by_its_path():
    assert found(workload(), workload(image="todo-api:2")) == {(f"{API}.image", "todo-api:1", "todo-api:2")}


def test_entries_of_a_list_are_told_apart_by_name_and_not_by_place():
    turned = workload()
    turned["spec"]["template"]["spec"]["containers"].reverse()
    assert found(workload(), turned) == set()
    more = workload()
    more["spec"]["template"]["spec"]["containers"].insert(0, {"name": "spy", "image": "spy:1"})
    assert fields_of(workload(), more) == {"spec.template.spec.containers[spy]"}


def test_entries_without_a_name_are_compared_by_their_place():
    rule = {
        "from": [{"podSelector": {"matchLabels": {"app": "api"}}}],
        "ports": [{"port": 1, "protocol": "TCP"}],
    }
    other = copy.deepcopy(rule)
    other["ports"][0]["port"] = 2
    assert found({"ingress": [rule]}, {"ingress": [other]}) == {("ingress[0].ports[0].port", 1, 2)}
    assert fields_of({"ingress": [rule]}, {"ingress": [rule, other]}) == {"ingress"}


def test_an_added_and_a_removed_field_are_reported_and_emptiness_is_none():
    assert found({"a": {"x.y/z": 1}}, {"a": {}}) == {("a[x.y/z]", 1, ABSENT)}
    assert found({}, {"b": 2}) == {("b", ABSENT, 2)}
    assert found({"c": {}, "d": None}, {"e": []}) == set()


def test_plain_values_by_path_and_long_ones_cut():
    assert flat({"m": [{"resource": {"name": "cpu"}, "x": 1}]}) == {
        ("m", "[cpu]", "resource", "name"): "cpu",
        ("m", "[cpu]", "x"): 1,
    }
    assert (
        shown_path(("metadata", "labels", "app.kubernetes.io/name"))
        == "metadata.labels[app.kubernetes.io/name]"
    )
    assert shown({"a": 1}) == '{"a": 1}'
    assert len(shown("x" * 500)) < 130


def managed(*entries):
    rows = [
        {"manager": name, "time": time, "fieldsV1": fields, **more} for name, time, fields, more in entries
    ]
    return {**workload(), "metadata": {"managedFields": rows}}


def test_who_owns_a_field_is_read_from_its_managed_fields():
    container = {'k:{"name":"api"}': {".": {}, "f:image": {}}}
    tree = {"f:spec": {"f:template": {"f:spec": {"f:containers": container}}}}
    live = managed(
        ("helm", "2026-01-01T00:00:00Z", tree, {}),
        ("kubectl-edit", "2026-02-01T00:00:00Z", tree, {}),
        ("kubelet", "2026-03-01T00:00:00Z", tree, {"subresource": "status"}),
        ("other", "2026-04-01T00:00:00Z", {"f:spec": {"f:replicas": {}}}, {}),
    )
    path = ("spec", "template", "spec", "containers", "[api]", "image")
    assert owner(live, path) == "kubectl-edit, 2026-02-01T00:00:00Z"
    assert owner(live, ("spec", "template", "spec", "containers", "[log]", "image")) == ""
    assert owner(managed(), path) == ""


def test_what_the_server_and_controllers_write_is_left_out():
    raw = {"kind": "Service", "metadata": {}, "spec": {"ports": [{"port": 80}]}}
    live = {
        "apiVersion": "v1",
        "kind": "Service",
        "status": {"loadBalancer": {}},
        "metadata": {
            "uid": "1",
            "annotations": {
                "meta.helm.sh/release-name": "a",
                "kubectl.kubernetes.io/last-applied-configuration": "{}",
                "mine": "yes",
            },
        },
        "spec": {"clusterIP": "10.0.0.1", "ports": [{"port": 80, "nodePort": 30000}]},
    }
    kept = comparable(live, raw, scaled=False)
    assert kept == {
        "metadata": {"labels": {}, "annotations": {"mine": "yes"}},
        "spec": {"ports": [{"port": 80}]},
    }
    asked = {**raw, "spec": {"clusterIP": "None", "ports": [{"port": 80, "nodePort": 1}]}}
    assert comparable(live, asked, scaled=False)["spec"] == live["spec"]


@pytest.mark.parametrize(("scaled", "kept"), [(True, False), (False, True)])
def test_replicas_are_left_out_only_where_an_autoscaler_owns_them(scaled, kept):
    raw = {"kind": "Deployment", "metadata": {}, "spec": {}}
    live = {"kind": "Deployment", "metadata": {}, "spec": {"replicas": 4}}
    assert ("replicas" in comparable(live, raw, scaled=scaled)["spec"]) is kept


def test_secret_values_are_told_apart_and_not_shown():
    one, two = ({"data": {"password": value}} for value in ("aaaa", "bbbb"))
    hidden = secret_values_hidden(one)
    assert hidden != secret_values_hidden(two)
    assert hidden == secret_values_hidden(dict(one))
    assert "aaaa" not in str(hidden)


def test_quantities_mean_the_same_however_they_are_written():
    assert same("1000m", "1")
    assert same("1Gi", "1024Mi")
    assert not same("500m", "1")
    assert not same(["a"], ["b"])


@pytest.mark.parametrize("environment", ["development", "production"])
def test_the_manifests_say_what_the_specifications_say(environment):
    """Every fact is found in the rendered objects, and an object changed anywhere breaks one."""
    target = Target(application(), environment)
    made = {
        (item["kind"], item["metadata"]["labels"].get("app.kubernetes.io/component", "")): flat(item)
        for item in objects(application(), environment)
    }
    said = facts(target)
    assert len(said) > 60
    for fact in said:
        row = made[fact.kind, fact.component]
        assert same(fact.value, row.get(fact.path)), fact
        assert fact.source


def test_required_variables_are_those_without_which_it_does_not_start():
    target = Target(application(), "production")
    component = {item.name: item for item in target.components}
    assert required(component["api"]).keys() == {"DATABASE_URL"}
    assert required(component["frontend"]).keys() == {"API_URL"}
    made = objects(application(), "production")
    assert {"DATABASE_URL", "LOG_LEVEL"} <= given("api", made)
    assert given("frontend", made) >= {"API_URL"}


def test_manifests_move_to_a_namespace_as_a_whole():
    moved = placed(objects(application(), "development"), "elsewhere")
    assert {item["metadata"].get("namespace", item["metadata"]["name"]) for item in moved} == {"elsewhere"}
    subjects = {s["namespace"] for item in moved for s in item.get("subjects", [])}
    assert subjects == {"elsewhere"}


def test_local_images_are_noted_and_found_again():
    items = objects(application(), "development")
    api = next(i for i in items if (i["kind"], i["metadata"]["name"]) == ("Deployment", "api"))
    local = put_in(api, {"api": "todo-api:local"})
    pod = local["spec"]["template"]["spec"]
    assert {body["image"] for body in pod["containers"] + pod["initContainers"]} == {"todo-api:local"}
    assert api["spec"]["template"]["spec"]["containers"][0]["image"] == "ghcr.io/myorg/todo-api:1.0.0"
    again = with_images(api, local)
    assert again["spec"] == local["spec"]
    assert IMAGES in local["metadata"]["annotations"]
    assert with_images(api, api) is api


def test_a_report_has_three_columns_and_findings():
    item = Difference(
        "cluster",
        Ref("Deployment", "api", "dev"),
        field="spec.replicas",
        spec="1",
        artifact="1",
        cluster="3",
        where="specs/local-cluster.md:29",
        changed_by="kubectl-scale, 2026-01-01T00:00:00Z",
        fix="kit app up",
    )
    report = Report("release todo-app", (item,), Findings(), (), 28)
    (finding,) = report.findings
    assert (finding.found, finding.expected) == ("cluster 3", "artifact 1, spec 1")
    assert {quote.source for quote in finding.evidence} == {"specification", "managedFields"}
    assert report.summary == "28 objects of release todo-app: 1 difference"
    assert report.table().row_count == 1
    assert Report("x", (), Findings(), (), 1).summary == "1 object of x: no drift"


def test_a_cluster_that_does_not_answer_is_exit_code_8(tmp_path):
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "dead", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "me", "user": {"token": "t"}}],
        "contexts": [{"name": "dead", "context": {"cluster": "dead", "user": "me"}}],
    }
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(config))
    start = "from kitlib.cli.entry import main; main()"
    command = [sys.executable, "-c", start, "spec", "drift", "--context", "dead"]
    env = {**os.environ, "KUBECONFIG": str(file)}
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=ROOT, check=False, timeout=60)
    assert done.returncode == 8, done.stderr
    assert "no API server answers" in done.stderr
