"""Fixes made of what was found and expected: exactly that value in exactly that place, or none."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from kitlib.cluster.resource import Resource
from kitlib.diagnosis.examination import examine
from kitlib.diagnosis.mending import structured
from kitlib.diagnosis.scan import load
from kitlib.findings import Finding, Fix, Ref

EVIDENCE = Path(__file__).parent / "evidence"
WEB = Ref("Deployment", "web", "shop")
PORT = "spec.template.spec.containers[web].livenessProbe.httpGet.port"


def applied(item, patch):
    """The patch as the server applies it: `test` and `replace` along a JSON pointer (RFC 6902)."""
    item = copy.deepcopy(dict(item))
    for operation in patch:
        *steps, last = operation["path"].strip("/").split("/")
        place = item
        for step in steps:
            place = place[int(step) if isinstance(place, list) else step]
        key = int(last) if isinstance(place, list) else last
        if operation["op"] == "test":
            assert place[key] == operation["value"]
        else:
            place[key] = operation["value"]
    return Resource(item)


@pytest.mark.parametrize(
    ("fault", "where", "wanted"),
    [
        ("hpa-target-absent", "spec.scaleTargetRef.name", "web"),
        ("ingress-class-absent", "spec.ingressClassName", "nginx"),
        ("storage-class-absent", "spec.storageClassName", "standard"),
    ],
)
def test_a_recorded_fault_gets_the_patch_that_mends_it(fault, where, wanted):
    scan = load(EVIDENCE / f"{fault}.json.gz")
    finding = examine(scan).causes[0].finding
    assert finding.fix.automatic
    assert finding.fix.target == finding.object
    item = scan.find(finding.object.kind, finding.object.name, finding.object.namespace)
    assert item.at(where) != wanted
    assert applied(item, finding.fix.patch).at(where) == wanted


@pytest.mark.parametrize(
    ("fault", "key", "wanted"),
    [("ingress-port-absent", "port", {"number": 80}), ("ingress-service-absent", "name", "web")],
)
def test_inside_lists_the_one_entry_is_changed(fault, key, wanted):
    scan = load(EVIDENCE / f"{fault}.json.gz")
    finding = examine(scan).causes[0].finding
    item = scan.find("Ingress", finding.object.name, finding.object.namespace)
    after = applied(item, finding.fix.patch)
    assert after.at("spec.rules")[0]["http"]["paths"][0]["backend"]["service"][key] == wanted


def test_a_probe_port_stays_a_number():
    for fault in ("liveness-port-wrong", "service-endpoints-unready"):
        fix = examine(load(EVIDENCE / f"{fault}.json.gz")).causes[0].finding.fix
        assert fix.patch[-1]["value"] == 8000


@pytest.mark.parametrize(
    "fault", ["image-tag-absent", "node-cordoned", "cronjob-suspended", "quota-exceeded"]
)
def test_what_is_only_described_stays_for_a_person(fault):
    fix = examine(load(EVIDENCE / f"{fault}.json.gz")).causes[0].finding.fix
    assert fix is None or not fix.automatic


def finding(found="8080", expected="8000", field=PORT, fix=None):
    return Finding("error", "probe-port", "t", WEB, found, expected, "w", fix, field=field)


def workload(*ports):
    probes = [{"name": "web", "livenessProbe": {"httpGet": {"port": port}}} for port in ports]
    return Resource({"kind": "Deployment", "spec": {"template": {"spec": {"containers": probes}}}})


def test_one_place_with_that_value():
    patch = structured(finding(), workload(8080)).fix.patch
    path = "/spec/template/spec/containers/0/livenessProbe/httpGet/port"
    assert patch == (
        {"op": "test", "path": path, "value": 8080},
        {"op": "replace", "path": path, "value": 8000},
    )


@pytest.mark.parametrize(
    ("asked", "item"),
    [
        (finding(), workload(8080, 8080)),  # two places: which one?
        (finding(), workload(9090)),  # the value is another by now
        (finding(expected="a free port"), workload(8080)),
        (finding(expected="http"), workload(8080)),  # a number does not become a name
        (finding(field="spec.nothing"), workload(8080)),
        (finding(field=""), workload(8080)),
        (finding(), None),
    ],
)
def test_no_guess(asked, item):
    assert structured(asked, item) == asked


def test_a_rules_own_patch_stands():
    own = Fix("s", WEB, ({"op": "remove", "path": "/spec/x"},))
    assert structured(finding(fix=own), workload(8080)).fix is own
