"""What the runbooks decide, as far as it needs no cluster."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from kitlib.cluster import Resource
from kitlib.diagnosis import rules
from kitlib.diagnosis.evidence import Status
from kitlib.errors import RunbookError
from kitlib.operations import capacity, crashes, images, memory, placement, revisions, watching, workloads

DIGEST = "sha256:" + "a" * 64
MEBI = 1024**2


@pytest.mark.parametrize(
    ("current", "wanted", "meant"),
    [
        ("web:1", "2", "web:2"),
        ("registry.example:5000/team/web:1", "1.10", "registry.example:5000/team/web:1.10"),
        ("registry.example:5000/team/web", "1.10", "registry.example:5000/team/web:1.10"),
        (f"web@{DIGEST}", "2", "web:2"),
        ("web:1", DIGEST, f"web@{DIGEST}"),
        ("web:1", "other.example/web:2", "other.example/web:2"),
        ("web:1", f"other.example/web:2@{DIGEST}", f"other.example/web:2@{DIGEST}"),
    ],
)
def test_a_tag_a_digest_or_a_whole_reference_names_an_image(current, wanted, meant):
    assert images.reference(current, wanted) == meant


@pytest.mark.parametrize("wanted", ["", "a b", "web/App:1", "web:", "web:1:2", "registry.example/web", "-x"])
def test_what_names_no_image_or_no_tag_is_refused(wanted):
    with pytest.raises(RunbookError):
        images.reference("web:1", wanted)


@pytest.mark.parametrize(
    ("text", "found"),
    [("web", ("Deployment", "web")), ("StatefulSet/db", ("StatefulSet", "db"))],
)
def test_a_name_alone_is_a_deployment(text, found):
    assert workloads.split(text) == found


def needs(cpu, **more):
    return {"name": "c", "resources": {"requests": {"cpu": cpu}}, **more}


@pytest.mark.parametrize(
    ("spec", "cores"),
    [
        ({"containers": [needs("100m"), needs("1")]}, "1.1"),
        ({"containers": [needs("100m")], "initContainers": [needs("2")]}, "2"),
        # a sidecar runs beside the containers, and beside the init containers after it
        ({"containers": [needs("1")], "initContainers": [needs("2", restartPolicy="Always")]}, "3"),
        (
            {
                "containers": [needs("1")],
                "initContainers": [needs("2", restartPolicy="Always"), needs("4")],
            },
            "6",
        ),
        ({"containers": [needs("1")], "overhead": {"cpu": "250m"}}, "1.25"),
        ({"containers": [{"name": "c", "resources": {"limits": {"cpu": "500m"}}}]}, "0.5"),
        ({"containers": [{"name": "c"}]}, "0"),
    ],
)
def test_what_a_pod_asks_for_is_counted_as_the_scheduler_does(spec, cores):
    assert capacity.asked(spec).get("requests.cpu", Decimal(0)) == Decimal(cores)


@pytest.mark.parametrize(
    ("value", "told"), [("128Mi", "128Mi"), ("230.4Mi", "231Mi"), ("1", "1Mi"), ("1Gi", "1024Mi")]
)
def test_a_limit_is_told_in_whole_mebibytes_never_below_what_is_needed(value, told):
    assert capacity.binary(capacity.amount(value)) == told


def node(labels=None, taints=(), ready="True", cpu="4", unschedulable=False):
    return Resource(
        kind="Node",
        metadata={"name": "n1", "labels": {"kubernetes.io/os": "linux", **(labels or {})}},
        spec={"taints": list(taints), "unschedulable": unschedulable},
        status={"allocatable": {"cpu": cpu}, "conditions": [{"type": "Ready", "status": ready}]},
    )


TAINT = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}


def affinity(operator, *values):
    term = {"matchExpressions": [{"key": "zone", "operator": operator, "values": list(values)}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    return {"affinity": {"nodeAffinity": required}}


@pytest.mark.parametrize(
    ("given", "spec", "reasons"),
    [
        (node(), {}, []),
        (node(ready="False"), {}, ["not ready"]),
        (node(unschedulable=True), {}, ["cordoned"]),
        (node(taints=[TAINT]), {}, ["taint gpu=yes:NoSchedule is not tolerated"]),
        (node(taints=[TAINT]), {"tolerations": [{"key": "gpu", "operator": "Exists"}]}, []),
        (node(taints=[TAINT]), {"tolerations": [{"key": "gpu", "value": "yes"}]}, []),
        (
            node(taints=[TAINT]),
            {"tolerations": [{"key": "gpu", "value": "no"}]},
            ["taint gpu=yes:NoSchedule is not tolerated"],
        ),
        (node(taints=[{"key": "x", "effect": "PreferNoSchedule"}]), {}, []),
        (node(), {"nodeSelector": {"disk": "ssd"}}, ["label disk is not set, asked is ssd"]),
        (node({"disk": "hdd"}), {"nodeSelector": {"disk": "ssd"}}, ["label disk is hdd, asked is ssd"]),
        (node({"zone": "a"}), affinity("In", "a", "b"), []),
        (node({"zone": "a"}), affinity("NotIn", "a"), ["its required node affinity does not hold"]),
        (node({"zone": "3"}), affinity("Gt", "2"), []),
        (node(), affinity("Exists"), ["its required node affinity does not hold"]),
        (node(), {"containers": [needs("8")]}, ["asks for 8 cpu, the node has 4 in all"]),
    ],
)
def test_a_node_says_why_it_would_not_take_a_pod(given, spec, reasons):
    assert placement.refusals(given, spec) == reasons


def test_the_label_that_was_probably_meant_is_named():
    assert "disk=ssd" in placement.nearest([node({"disk": "ssd"})], {"nodeSelector": {"disk": "sdd"}})
    assert "disk" in placement.nearest([node({"disk": "ssd"})], {"nodeSelector": {"disc": "ssd"}})
    assert placement.nearest([node()], {"nodeSelector": {"gpu": "yes"}}) == ""


def test_the_number_of_restarts_says_how_long_it_may_have_been_crashing():
    assert crashes.crashing_seconds(0) < crashes.crashing_seconds(3) < crashes.crashing_seconds(10)
    assert crashes.crashing_seconds(3) < 600  # 3 restarts explain no hour


def killed(limit, request=None):
    resources = {"limits": {"memory": limit}} if limit else {}
    spec = {"name": "web", "resources": resources}
    return Status(Resource(metadata={"name": "web-1"}), "web", False, {}, spec)


@pytest.mark.parametrize(
    ("limit", "request_", "wanted", "most", "new"),
    [
        ("64Mi", "32Mi", 96, 1024, ("164Mi", "82Mi")),  # at least 100Mi more; the request keeps its half
        ("512Mi", "512Mi", 768, 1024, ("768Mi", "768Mi")),  # guaranteed stays guaranteed
        ("512Mi", None, 768, 600, ("600Mi", "")),  # no further than the maximum
        ("512Mi", None, 900, 1024, ("900Mi", "")),  # what is in use says more
    ],
)
def test_a_limit_grows_by_the_evidence_and_its_request_keeps_its_share(limit, request_, wanted, most, new):
    found = memory._raise(killed(limit), Decimal(most * MEBI), Decimal(wanted * MEBI), request_)
    assert (found["limit"], found["request"]) == new


def test_a_maximum_that_is_no_whole_number_of_mebibytes_is_not_exceeded():
    most = Decimal(200_000_000)
    found = memory._raise(killed("128Mi"), most, Decimal(900 * MEBI), None)
    assert capacity.amount(found["limit"]) <= most


@pytest.mark.parametrize(("limit", "said"), [("64Mi", "is the most"), (None, "has no limit")])
def test_a_limit_at_its_maximum_or_none_at_all_is_not_raised(limit, said):
    with pytest.raises(RunbookError, match=said):
        memory._raise(killed(limit), Decimal(64 * MEBI), Decimal(0), None)


def test_a_revision_is_restored_without_what_its_controller_added():
    labels = {"app": "web", "pod-template-hash": "abc"}
    found = Resource(spec={"template": {"metadata": {"labels": labels}, "spec": {"containers": []}}})
    assert revisions.template_of(found)["metadata"]["labels"] == {"app": "web"}
    assert labels == {"app": "web", "pod-template-hash": "abc"}


def test_the_faults_that_end_a_wait_are_those_of_the_diagnosis():
    sources = [path.read_text() for path in Path(rules.__file__).parent.glob("*.py")]
    known = {id for text in sources for id in re.findall(r'"([a-z]+(?:-[a-z]+)+)"', text)}
    assert set(watching.PATIENCE) <= known
