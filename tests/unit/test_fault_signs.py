"""Signs and steps of faults, on a cluster that is a dictionary."""

from __future__ import annotations

import pytest

from kitlib.cluster import Resource
from kitlib.errors import NotFound, WaitTimeout
from kitlib.faults import steps
from kitlib.faults.model import Step
from kitlib.faults.signs import Sign


class Objects:
    """Holds objects; answers as a Cluster does, and notes what is changed."""

    namespace, context, server = "shop", "none", "https://nowhere"

    def __init__(self, *items, logs=None):
        self.items = [Resource(item) for item in items]
        self.texts = logs or {}
        self.done = []

    def list(self, kind, *, labels=None, **_):
        wanted = (labels or {}).items()
        return [i for i in self.items if i.kind == kind and wanted <= i.labels.items()]

    def find(self, kind, name, **_):
        return next((i for i in self.items if (i.kind, i.name) == (kind, name)), None)

    def get(self, kind, name, **_):
        return self.find(kind, name)

    def logs(self, pod, *, container=None, previous=False):
        if (pod, previous) not in self.texts:
            raise NotFound("no such run", status=404)
        return self.texts[pod, previous]

    def patch(self, kind, name, change, *, namespace=None, type="strategic"):
        self.done.append((kind, name, change))

    def delete(self, kind, name, **_):
        self.done.append(("delete", kind, name))


def pod(name="web-1", ready=True, state=None, last=None, restarts=0, deleted=False, phase="Running"):
    status = {"name": "web", "restartCount": restarts, "state": state or {"running": {}}}
    conditions = [{"type": "Ready", "status": str(ready)}]
    meta = {"name": name, "labels": {"app": "web"}} | ({"deletionTimestamp": "now"} if deleted else {})
    body = {
        "phase": phase,
        "conditions": conditions,
        "containerStatuses": [status | {"lastState": last or {}}],
    }
    return {"kind": "Pod", "metadata": meta, "status": body}


def event(reason, message, name="web-1", kind="Pod"):
    about = {"kind": kind, "name": name}
    return {
        "kind": "Event",
        "metadata": {"name": "e"},
        "reason": reason,
        "message": message,
        "involvedObject": about,
    }


def piece(*ready, ports=({"port": 1},)):
    endpoints = [{"conditions": {"ready": one}} for one in ready]
    meta = {"name": "s", "labels": {"kubernetes.io/service-name": "web"}}
    return {"kind": "EndpointSlice", "metadata": meta, "ports": list(ports), "endpoints": endpoints}


OOM = {"terminated": {"reason": "OOMKilled", "exitCode": 137}}
WAITS = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off"}}
PULL = {"app": "web", "reasons": ["ErrImagePull", "ImagePullBackOff"]}
UNHEALTHY = {"kind": "Pod", "name": "web", "reason": "Unhealthy", "message": "probe.*404"}
AVAILABLE = {"kind": "Deployment", "name": "web", "type": "Available", "status": "False"}


def deployment(status):
    conditions = [{"type": "Available", "status": status, "message": "no minimum"}]
    spec, meta = {"replicas": 1}, {"name": "web"}
    return {"kind": "Deployment", "metadata": meta, "spec": spec, "status": {"conditions": conditions}}


@pytest.mark.parametrize(
    ("sign", "there", "elsewhere"),
    [
        ({"waiting": PULL}, [pod(state=WAITS)], [pod()]),
        ({"waiting": {**PULL, "message": "not found"}}, [], [pod(state=WAITS)]),
        ({"terminated": {"app": "web", "reason": "OOMKilled"}}, [pod(last=OOM)], [pod()]),
        ({"terminated": {"app": "web", "exit_code": 1}}, [], [pod(state=OOM)]),
        ({"pods": {"app": "web", "ready": False}}, [pod(ready=False)], [pod(ready=False, deleted=True)]),
        ({"pods": {"app": "web", "at_least": 0, "at_most": 0}}, [pod(deleted=True)], [pod()]),
        ({"pods": {"app": "web", "phase": "Pending"}}, [pod(phase="Pending")], [pod()]),
        ({"restarts": {"app": "web", "at_least": 3}}, [pod(restarts=3)], [pod(restarts=2)]),
        ({"terminating": {"app": "web"}}, [pod(deleted=True)], [pod()]),
        ({"terminating": {"kind": "Pod", "name": "web-1"}}, [pod(deleted=True)], []),
        (
            {"event": UNHEALTHY},
            [event("Unhealthy", "Readiness probe failed: 404")],
            [event("Unhealthy", "500")],
        ),
        ({"event": UNHEALTHY}, [], [event("Unhealthy", "probe 404", name="website-1")]),
        ({"event": UNHEALTHY}, [], [event("Unhealthy", "probe 404", kind="ReplicaSet")]),
        ({"condition": AVAILABLE}, [deployment("False")], [deployment("True")]),
        ({"condition": {**AVAILABLE, "message": "quota"}}, [], [deployment("False")]),
        (
            {"value": {"kind": "Deployment", "name": "web", "path": "spec.replicas", "equals": 1}},
            [deployment("")],
            [],
        ),
        ({"absent": {"kind": "Deployment", "name": "web"}}, [pod()], [deployment("True")]),
        ({"endpoints": {"service": "web"}}, [piece(False)], [piece(False, True)]),
        ({"endpoints": {"service": "web"}}, [piece(True, ports=())], []),
        ({"endpoints": {"service": "web", "some": True}}, [piece(True)], [piece(False)]),
    ],
)
def test_a_sign_is_seen_where_it_is_and_only_there(sign, there, elsewhere):
    wanted = Sign.model_validate(sign)
    if there:
        assert wanted.instead(Objects(*there)) == ""
    if elsewhere or not there:
        assert wanted.instead(Objects(*elsewhere))


def test_a_log_is_looked_for_in_the_run_before_too():
    sign = Sign.model_validate({"log": {"app": "web", "pattern": "KeyError"}})
    texts = {("web-1", False): "starting", ("web-1", True): "KeyError: 'TOKEN'"}
    assert sign.instead(Objects(pod(), logs=texts)) == ""
    assert "starting" in sign.instead(Objects(pod(), logs={("web-1", False): "starting"}))


@pytest.mark.parametrize(
    ("sign", "ends"),
    [
        ({"pods": {"app": "web", "ready": False}}, True),
        ({"pods": {"app": "web", "ready": True}}, False),
        ({"restarts": {"app": "web", "at_least": 1}}, False),
        ({"event": UNHEALTHY}, False),
        ({"endpoints": {"service": "web"}}, True),
        ({"endpoints": {"service": "web", "some": True}}, False),
        ({"condition": AVAILABLE}, True),
    ],
)
def test_what_is_over_when_a_fault_is_healed(sign, ends):
    assert Sign.model_validate(sign).ends is ends


def step(**what):
    return [Step.model_validate(what)]


def test_a_pattern_names_several_objects():
    cluster = Objects(pod("web-1"), pod("web-2"), pod("api-1"))
    steps.carry_out(cluster, step(delete={"kind": "Pod", "name": "web-*", "wait": False}))
    assert cluster.done == [("delete", "Pod", "web-1"), ("delete", "Pod", "web-2")]


@pytest.mark.parametrize(
    ("text", "find", "replace", "after"),
    [
        ("a kubernetes b", "kubernetes", "deny kubernetes", "a deny kubernetes b"),
        ("a deny kubernetes b", "kubernetes", "deny kubernetes", None),  # done already
        ("a deny kubernetes b", "deny kubernetes", "kubernetes", "a kubernetes b"),
        ("a kubernetes b", "deny kubernetes", "kubernetes", None),
    ],
)
def test_a_text_is_replaced_once_however_often_it_is_asked(text, find, replace, after):
    cluster = Objects({"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"Corefile": text}})
    edit = {"kind": "ConfigMap", "name": "c", "field": ["data", "Corefile"], "find": find, "replace": replace}
    steps.carry_out(cluster, step(edit=edit))
    assert cluster.done == ([("ConfigMap", "c", {"data": {"Corefile": after}})] if after else [])


def test_taints_of_others_are_kept():
    theirs = {"key": "theirs", "effect": "NoSchedule"}
    node = {"kind": "Node", "metadata": {"name": "n"}, "spec": {"taints": [theirs]}}
    cluster = Objects(node)
    steps.carry_out(cluster, step(node={"name": "n", "do": "taint", "key": "ours", "value": "1"}))
    ours = {"key": "ours", "value": "1", "effect": "NoSchedule"}
    assert cluster.done[-1] == ("Node", "n", {"spec": {"taints": [theirs, ours]}})
    node["spec"]["taints"] = [theirs, ours]
    steps.carry_out(cluster, step(node={"name": "n", "do": "untaint", "key": "ours"}))
    assert cluster.done[-1] == ("Node", "n", {"spec": {"taints": [theirs]}})


def test_a_sign_that_does_not_come_is_named_with_what_was_seen_instead():
    sign = Sign.model_validate({"restarts": {"app": "web", "at_least": 3}})
    with pytest.raises(WaitTimeout, match=r"'at_least': 3.*: 2 restarts"):
        steps.until(Objects(pod(restarts=2)), [sign], 0.0, "it does not show")


def test_a_symptom_that_does_not_last_is_none():
    sign = Sign.model_validate({"pods": {"app": "web", "ready": False}})
    with pytest.raises(WaitTimeout, match="it did not last"):
        steps.until(Objects(pod(ready=False)), [sign], 0.2, "it does not show", hold=60)
