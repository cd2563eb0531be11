"""Requests, kubectl lines, and conditions on objects."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import yaml
from pydantic import ValidationError
from test_ask_corpus import CORPUS, TEXTS, requests_of

from kitlib.asking import kubectl
from kitlib.asking.classify import classify
from kitlib.asking.filtering import meets
from kitlib.asking.kubectl import parse
from kitlib.asking.made import made
from kitlib.asking.metrics import Usage
from kitlib.asking.refusal import Refusal
from kitlib.asking.request import Filter
from kitlib.asking.result import Result
from kitlib.cluster import Resource


def pod(
    name="api-0", phase="Running", ready=True, restarts=0, waiting="", age=timedelta(hours=1), **container
):
    made_at = (datetime.now(UTC) - age).strftime("%Y-%m-%dT%H:%M:%SZ")
    state = {"waiting": {"reason": waiting}} if waiting else {"running": {}}
    status = {"name": "c", "restartCount": restarts, "state": state}
    return Resource(
        {
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "shop", "creationTimestamp": made_at},
            "spec": {
                "nodeName": "one",
                "containers": [{"name": "c", "image": "registry/nginx:1", **container}],
            },
            "status": {
                "phase": phase,
                "conditions": [{"type": "Ready", "status": str(ready)}],
                "containerStatuses": [status],
            },
        }
    )


LIMITED = {"limits": {"memory": "1Gi", "cpu": "1"}}


@pytest.mark.parametrize(
    ("field", "op", "value", "bad", "good"),
    [
        ("restarts", "over", "3", pod(restarts=4), pod(restarts=3)),
        ("age", "over", "2h", pod(age=timedelta(hours=3)), pod()),
        ("age", "under", "2h", pod(), pod(age=timedelta(hours=3))),
        ("state", "is not", "Running", pod(waiting="CrashLoopBackOff", ready=False), pod()),
        ("state", "is", "Pending", pod(phase="Pending", ready=False), pod()),
        ("state", "is", "unhealthy", pod(ready=False), pod()),
        ("state", "is", "unhealthy", pod(phase="Failed", ready=False), pod(phase="Succeeded", ready=False)),
        (
            "state",
            "is",
            "failing",
            pod(waiting="ImagePullBackOff", ready=False),
            pod(phase="Pending", ready=False),
        ),
        ("state", "is", "restarting", pod(restarts=1), pod()),
        ("image", "contains", "nginx", pod(), pod(image="registry/redis:7")),
        ("node", "is", "one", pod(), Resource({"kind": "Pod", "metadata": {}, "spec": {"nodeName": "two"}})),
        ("limits", "missing", "", pod(), pod(resources=LIMITED)),
        ("limits", "missing", "", pod(resources={"limits": {"memory": "1Gi"}}), pod(resources=LIMITED)),
        ("probes", "missing", "", pod(), pod(readinessProbe={"exec": {}})),
    ],
)
def test_a_condition_tells_one_from_the_other(field, op, value, bad, good):
    one = Filter(field=field, op=op, value=value)
    assert (meets(bad, [one], {}), meets(good, [one], {})) == (True, False)


def test_usage_is_compared_as_numbers():
    """As text, 60Mi is more than 500Mi, and 1500Mi less."""
    one = [Filter(field="memory", op="over", value="500Mi")]
    sizes = {"60Mi": False, "1500Mi": True, "500Mi": False, "0.6Gi": True}
    for size, expected in sizes.items():
        number = Decimal(size.rstrip("MGi")) * (1024**3 if "G" in size else 1024**2)
        used = {("shop", "api-0"): Usage("shop", "api-0", number, Decimal(0))}
        assert meets(pod(), one, used) is expected, size
    assert not meets(pod(), one, {})


@pytest.mark.parametrize(
    "fields",
    [
        {"do": "exec", "name": "x"},
        {"do": "scale", "name": "api", "replicas": -1},
        {"do": "scale", "name": "api", "replicas": 1001},
        {"do": "scale", "name": "api; rm", "replicas": 1},
        {"do": "scale", "name": "api", "replicas": 1, "force": True},
        {"do": "get", "kinds": ["Widget"]},
        {"do": "get", "kinds": ["Pod"], "labels": "a=$(id)"},
        {"do": "get", "kinds": ["Pod", "Node"], "names": ["a"]},
        {"do": "get", "kinds": ["Pod"], "filters": [{"field": "memory", "op": "over", "value": "much"}]},
        {"do": "get", "kinds": ["Pod"], "filters": [{"field": "age", "op": "is", "value": "2d"}]},
        {"do": "patch", "kind": "Deployment", "name": "a", "field": "template", "value": 1},
        {"do": "patch", "kind": "Deployment", "name": "a", "field": "paused", "value": 1},
        {"do": "apply", "path": "https://evil.example/x.yaml"},
        {"do": "apply", "path": "-"},
        {"do": "set-image", "name": "a", "image": "x y"},
        {"do": "set-resources", "name": "a", "limits": {"memory": "lots"}},
        {"do": "set-resources", "name": "a"},
        {"do": "delete", "kind": "Pod", "names": []},
        {"do": "mark", "kind": "Pod", "name": "a", "key": "a b", "value": "c"},
    ],
    ids=str,
)
def test_what_no_request_may_hold(fields):
    with pytest.raises(ValidationError):
        made(**fields)


def test_the_command_that_is_shown_asks_for_the_same(tmp_path, monkeypatch):
    """What a person copies, or edits, is read back as the request that it was shown for."""
    monkeypatch.chdir(tmp_path)
    checked = 0
    for _, item in TEXTS:
        found = requests_of(item["text"])
        for one in found if isinstance(found, list) else []:
            lines = one.lines()
            told = one.model_dump()
            named_alone = one.do in ("logs", "events") and not told["kind"]
            if len(lines) != 1 or told.get("filters") or one.do == "why" or named_alone or "NAME" in lines[0]:
                continue
            if one.do == "events" and not (told["kind"] and told["name"]):
                continue  # kubectl has no events of a whole kind
            assert parse(lines[0]) == [one], lines[0]
            checked += 1
    assert checked > 130


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("kubectl exec api-0 -- sh", "runs a program"),
        ("kubectl get pods --kubeconfig=x", "stays on the cluster"),
        ("kubectl delete pods --all", "named objects only"),
        ("kubectl delete pods -l a=b", "selector"),
        ("kubectl delete ns a --dry-run=none", "dry run on the server"),
        ("kubectl apply -f https://x/y", "path"),
        ("kubectl apply -k .", "kustomization"),
        ("kubectl get pods; id", "no shell"),
        ("kubectl get pods -n a -n b", "twice"),
        ("kubectl get pods -n", "lacks its value"),
        ("kubectl get pods -n -A", "lacks its value"),
        ("kubectl get pods -A=false", "not allowed"),
        ("kubectl get pods --all-namespaces=false", "leave it out"),
        ("kubectl get widgets", "none of the kinds"),
        ("kubectl get", "no kind"),
        ("kubectl delete pod", "names"),
        ("kubectl scale deployment api", "lacks --replicas"),
        ("kubectl scale deployment api --replicas=many", "no number"),
        ("kubectl frobnicate", "known are"),
        ("sudo kubectl get pods", "begins with 'sudo'"),
        ("kubectl get p\u043eds", "U+043E"),
        ("kubectl get pods\u200b", "U+200B"),
    ],
)
def test_a_refusal_names_what_it_refuses(line, reason):
    assert kubectl.looks_like_a_command(line)
    found = parse(line)
    assert isinstance(found, Refusal)
    assert reason in found.reason


def test_plain_language_is_no_command():
    for text in ("show pods", "restart api", "why is kubectl-proxy crashing", "list a = b"):
        assert not kubectl.looks_like_a_command(text)


class Objects:
    """A cluster as the gate's Reader sees it."""

    server = "https://s"

    def __init__(self, *items):
        self.items = items

    def find(self, kind, name, *, namespace=None):
        return next((i for i in self.items if (i["kind"], i["metadata"]["name"]) == (kind, name)), None)


def test_objects_as_they_are_decide(tmp_path, monkeypatch):
    """A manifest that leaves a command as it is arms nothing; deleting what owns volumes deletes them."""
    monkeypatch.chdir(tmp_path)
    (there,) = [i for i in yaml.safe_load_all(CORPUS["files"]["good.yaml"]) if i["kind"] == "Deployment"]
    there["metadata"]["uid"] = "u"
    there["spec"]["template"]["spec"]["containers"][0]["command"] = ["serve"]
    (tmp_path / "api.yaml").write_text(yaml.safe_dump(there))
    line = parse("kubectl apply -f api.yaml")
    assert classify(line).kind == "prohibited"  # new, for all that is known
    assert classify(line, Objects(there)).kind == "write"
    (claims,) = yaml.safe_load_all(CORPUS["files"]["claims.yaml"])
    delete = parse("kubectl delete sts db")
    assert classify(delete, Objects(claims)).kind == "prohibited"
    assert classify(delete, Objects()).kind == "write"


def test_a_result_shows_itself_and_never_as_markup():
    request = made("get", kinds=["Pod"])
    result = Result(request, ("name", "state"), (("<b>x</b>", "[red]y"),), text="<i>", notes=("a & b",))
    assert "&lt;b&gt;" in result._repr_html_()
    assert "<i>" not in result._repr_html_()
    from rich.console import Console

    with Console(width=80, record=True, file=open("/dev/null", "w")) as console:
        console.print(result)
    assert "[red]y" in console.export_text()
    assert result.as_dict()["rows"] == [{"name": "<b>x</b>", "state": "[red]y"}]
