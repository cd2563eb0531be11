"""What a scan keeps, and what it must not; targets, silences, the ranking of causes."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, date, datetime

import msgspec
import pytest

from kitlib.cluster import Resource
from kitlib.diagnosis import Scan, examine, load, secrets, slim
from kitlib.diagnosis.cause import Cause, Strength, key_of
from kitlib.diagnosis.ranking import rank
from kitlib.diagnosis.scan import Log
from kitlib.diagnosis.target import Target
from kitlib.errors import SettingsError, UsageError
from kitlib.findings import Finding, Ref
from kitlib.settings import Silence, load_settings

AT = datetime(2026, 1, 2, 12, tzinfo=UTC)
PASSWORD = "pw-1f0c-canary"


def raw(item):
    return msgspec.Raw(json.dumps(item).encode())


def pod(name="web-1", *, ready=True, restarts=0, phase="Running", **meta):
    status = {"name": "web", "ready": ready, "restartCount": restarts, "state": {"running": {}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": name,
            "creationTimestamp": "2026-01-02T11:00:00Z",
            "labels": {"app": "web"},
            "managedFields": [{"manager": "kubelet", "operation": "Update", "fieldsV1": {"f:x": {}}}],
            **meta,
        },
        "spec": {
            "nodeName": "n1",
            "restartPolicy": "Always",
            "containers": [{"name": "web", "image": "web:1", "ports": [{"containerPort": 8080}]}],
        },
        "status": {
            "phase": phase,
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [status],
        },
    }


def service(selector, target=8080):
    spec = {"selector": selector, "ports": [{"port": 80, "targetPort": target}]}
    return Resource(kind="Service", metadata={"name": "web", "namespace": "shop", "uid": "s"}, spec=spec)


def scan(**objects):
    return Scan({kind: [Resource(i) for i in items] for kind, items in objects.items()}, at=AT)


def test_a_healthy_pod_is_kept_in_short():
    kept = slim.pod(raw(pod()))
    assert "image" not in kept["spec"]["containers"][0]
    assert kept["spec"]["containers"][0]["ports"] == [{"containerPort": 8080}]
    assert kept["metadata"]["labels"] == {"app": "web"}


@pytest.mark.parametrize(
    "item",
    [
        pod(ready=False),
        pod(restarts=1),
        pod(phase="Failed"),
        pod(deletionTimestamp="2026-01-02T12:00:00Z"),
    ],
)
def test_a_pod_that_asks_for_a_look_is_kept_whole(item):
    kept = slim.pod(raw(item))
    assert kept["spec"]["containers"][0]["image"] == "web:1"
    assert kept["metadata"]["managedFields"] == [{"manager": "kubelet", "operation": "Update"}]


def secret(**values):
    data = {key.replace("__", "."): base64.b64encode(v.encode()).decode() for key, v in values.items()}
    meta = {"name": "s", "namespace": "shop", "annotations": {"last": PASSWORD}}
    return {"kind": "Secret", "metadata": meta, "data": data}


@pytest.mark.parametrize(
    ("key", "value", "kept"),
    [
        ("PASSWORD", PASSWORD, ""),
        ("DATABASE_URL", f"postgresql://u:{PASSWORD}@db:5432/app", "postgresql://***@db:5432/app"),
        ("HOOK", f"https://hooks.example/{PASSWORD}?key={PASSWORD}", "https://hooks.example"),
        (
            "BROKERS",
            f"amqp://u:{PASSWORD}@a:5672,amqp://u:{PASSWORD}@b:5672",
            "amqp://***@a:5672,amqp://***@b:5672",
        ),
        ("DB_HOST", "postgres", "postgres"),
        ("tls.key", f"-----BEGIN PRIVATE KEY-----\n{PASSWORD}\n-----END PRIVATE KEY-----", ""),
        ("note", f"please use {PASSWORD}", ""),
    ],
)
def test_of_a_secret_only_what_is_none_is_kept(key, value, kept):
    item = secrets.keep(secret(**{key.replace(".", "__"): value}))
    assert base64.b64decode(item["data"][key]).decode() == kept
    assert PASSWORD not in json.dumps(item)


def test_of_a_secret_a_certificate_stays_without_its_key():
    certificate = "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----"
    both = f"{certificate}\n-----BEGIN PRIVATE KEY-----\n{PASSWORD}\n-----END PRIVATE KEY-----"
    item = secrets.keep(secret(tls__crt=both))
    assert base64.b64decode(item["data"]["tls.crt"]).decode() == certificate


@pytest.mark.parametrize("name", ["scan.json", "scan.json.gz"])
def test_a_saved_scan_gives_the_same_diagnosis(tmp_path, name):
    before = Scan(
        {"Pod": [Resource(pod())], "Service": [service({"app": "wbe"})]},
        [Log("web-1", "web", "hello", namespace="shop")],
        {"Node": "forbidden"},
        "shop",
        AT,
        "v1.34.4",
        7,
    )
    before.save(tmp_path / name)
    after = load(tmp_path / name)
    assert after == before
    assert examine(after).as_dict() == examine(before).as_dict()
    assert examine(after).causes


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"\x1f\x8bnonsense", b'{"format": 99}', b"null", "ü".encode("latin-1")]
)
def test_a_file_that_is_no_scan_is_refused(tmp_path, content):
    path = tmp_path / "scan.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="no evidence that kit saved"):
        load(path)


def test_a_scan_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        load(tmp_path / "none.json")


def test_the_owner_is_what_a_person_wrote():
    owners = [{"kind": "ReplicaSet", "name": "web-1", "uid": "rs", "controller": True}]
    above = [{"kind": "Deployment", "name": "web", "uid": "d", "controller": True}]
    deployment = {"kind": "Deployment", "metadata": {"name": "web", "namespace": "shop", "uid": "d"}}
    replica_set = {
        "kind": "ReplicaSet",
        "metadata": {"name": "web-1", "namespace": "shop", "uid": "rs", "ownerReferences": above},
    }
    found = scan(Deployment=[deployment], ReplicaSet=[replica_set], Pod=[pod(ownerReferences=owners)])
    assert found.owner(found.of("Pod")[0]).name == "web"
    assert [item.name for item in found.workloads()] == ["web"]
    assert [item.name for item in found.pods_of(found.of("Deployment")[0])] == ["web-1"]


def finding(id, name, severity="error", field="", kind="Deployment"):
    return Finding(severity, id, f"{id} of {name}", Ref(kind, name, "shop"), "a", "b", "why", field=field)


def ref(name):
    return Ref("Deployment", name, "shop")


def test_three_services_without_redis_are_symptoms_of_redis():
    redis = Cause(finding("image-pull", "redis"), (ref("redis"),))
    blames = (Ref("Service", "redis", "shop"), ref("redis"))
    callers = [
        Cause(finding("said-connection-refused", name), (ref(name),), blames, Strength.WEAK)
        for name in ("api", "worker", "cart")
    ]
    crashes = [
        Cause(finding("crash-loop", name), (ref(name),), strength=Strength.SYMPTOM)
        for name in ("api", "redis")
    ]
    roots = rank([*callers, *crashes, redis])
    assert [root.cause.finding.id for root in roots] == ["image-pull"]
    assert {one.name for one in roots[0].affected} == {"redis", "api", "worker", "cart"}
    told = [quote.text for quote in roots[0].finding.evidence]
    assert any("Deployment/worker -n shop: said-connection-refused" in text for text in told)


def test_without_a_fault_of_the_one_that_is_blamed_a_caller_speaks_for_itself():
    caller = Cause(finding("said-connection-refused", "api"), (ref("api"),), (ref("redis"),), Strength.WEAK)
    other = Cause(finding("image-pull", "cache"), (ref("cache"),))
    assert len(rank([caller, other])) == 2


def test_a_warning_does_not_hide_an_error_and_errors_come_first():
    warning = Cause(finding("budget-blocks", "web", "warning"), (ref("web"),))
    error = Cause(finding("crash-loop", "web"), (ref("web"),), strength=Strength.SYMPTOM)
    info = Cause(finding("note", "api", "info"), (ref("api"),))
    assert [r.cause.finding.id for r in rank([info, warning, error])][-1] == "note"


def test_the_same_finding_of_two_rules_is_one():
    one = Cause(finding("policy-blocks", "p", field="spec.ingress"), (ref("a"),))
    two = Cause(finding("policy-blocks", "p", field="spec.ingress"), (ref("b"),))
    (root,) = rank([one, two])
    assert root.affected == (ref("a"), ref("b"))


def test_a_key_is_the_same_for_every_pod_of_a_template():
    names = ("web-5d9c7b6f4-abcde", "web-5d9c7b6f4-fghij", "web-7f8b9c6d5d-zzzzz")
    assert len({key_of(finding("evicted", name, kind="Pod")) for name in names}) == 1
    assert key_of(finding("evicted", "web")) != key_of(finding("evicted", "api"))
    assert key_of(finding("evicted", "web")) != key_of(finding("evicted", "web", field="spec"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Target()),
        ("shop", Target("shop")),
        ("shop/deploy/web", Target("shop", "Deployment", "web")),
        ("shop/Pod/web-1", Target("shop", "Pod", "web-1")),
    ],
)
def test_a_target_is_read_as_a_person_types_it(text, expected):
    assert Target.parse(text) == expected


@pytest.mark.parametrize("text", ["shop/web", "a/b/c/d", "shop//web", "/deploy/web", "shop/deploy/"])
def test_a_target_of_another_form_is_refused(text):
    with pytest.raises(UsageError, match="expected NAMESPACE, NAMESPACE/KIND/NAME"):
        Target.parse(text)


def broken():
    return scan(Pod=[pod()], Service=[service({"app": "wbe"})])


def test_a_known_issue_is_silent_until_its_end_and_then_told_with_its_reason():
    key = examine(broken()).causes[0].key
    known = Silence(key=key, reason="moved next week", until=date(2026, 1, 2))
    found = examine(broken(), silences=(known,))
    assert (found.causes, [s.reason for _, s in found.silenced]) == ((), ["moved next week"])
    over = examine(broken(), silences=(known.model_copy(update={"until": date(2026, 1, 1)}),))
    assert len(over.causes) == 1
    assert "was silent until 2026-01-01: moved next week" in over.notes[0]


def test_a_silence_by_rule_and_object_fits_only_those():
    other = Silence(
        rule="service-selector", object="Service/other*", reason="known to us", until=date(2027, 1, 1)
    )
    assert len(examine(broken(), silences=(other,)).causes) == 1
    own = other.model_copy(update={"object": "Service/web -n shop"})
    assert examine(broken(), silences=(own,)).causes == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": "known to us", "until": "2027-01-01"},
        {"key": "x", "until": "2027-01-01"},
        {"key": "x", "reason": "known to us"},
        {"key": "x", "reason": "known to us", "until": "soon"},
    ],
)
def test_a_silence_without_reason_or_end_is_refused(wrong):
    with pytest.raises(SettingsError):
        load_settings(silences=[wrong])


def test_the_report_shows_itself():
    found = examine(broken())
    assert found.frame().columns.tolist()[:4] == ["key", "severity", "cause", "object"]
    assert "Service web selects no pods" in found._repr_html_()
    assert json.loads(found.json())["causes"][0]["field"] == "spec.selector"
    assert "nothing is wrong" in examine(scan(Pod=[pod()])).summary


def test_kinds_that_may_not_be_read_are_named():
    found = examine(Scan({"Pod": []}, unread={"Secret": "forbidden", "PodMetrics": "not found"}, at=AT))
    assert found.notes == ("could not be read, so faults of these kinds may be missed: Secret",)


def test_the_compressed_file_is_the_same_each_time(tmp_path):
    for name in ("a.gz", "b.gz"):
        broken().save(tmp_path / name)
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert json.loads(gzip.decompress((tmp_path / "a.gz").read_bytes()))["format"] == 1
