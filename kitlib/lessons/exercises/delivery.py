"""What lesson 07 looks at: specifications and delivery files that a learner wrote, a policy, and `ledger`."""

from __future__ import annotations

import tempfile
from ipaddress import ip_network
from pathlib import Path
from typing import Any, cast

import yaml

from kitlib.app.images import checkout
from kitlib.checks import check
from kitlib.checks.selectors import matches
from kitlib.cluster import Cluster
from kitlib.lessons.outcome import Verdict, nothing, right, wrong
from kitlib.specs.models.infrastructure import Infrastructure
from kitlib.specs.reading import read_bytes
from kitlib.specs.result import Reading

SPEC = "todo-app/specs/infrastructure.md"
WORKFLOW = "tests/seed/.github/workflows/deploy.yaml"
GONE = "It was deleted; lesson.reset() brings it back."
NODES, PER_NODE = 1000, 24  # how many nodes are planned, and the prefix of the addresses of each
_LEDGER = "ledger"
_NAME = "kubernetes.io/metadata.name"  # a label that every namespace has
_DNS = ("kube-system", {"k8s-app": "kube-dns"})  # where the cluster's DNS is, CoreDNS as well, and its label
# Pods that nothing is to be asked of.
_OTHERS: tuple[tuple[str, dict[str, str]], ...] = (("shop", {"k8s-app": "till"}), ("shop", {}))
_PUSHED = "${{ steps.meta.outputs.version }}"


def ledger() -> list[dict[str, Any]]:
    """The Deployment that is hardened: no pod, and nothing said about security."""
    labels = {"app.kubernetes.io/name": _LEDGER}
    container = {"name": "ledger", "image": "registry.example.com/ledger:1.4.2"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    return [{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": _LEDGER}, "spec": spec}]


def _read(before: str, after: str) -> Reading[Any]:
    """The application's own infrastructure specification, with one text in it replaced."""
    text = (checkout() / SPEC).read_text(encoding="utf-8")
    return read_bytes(text.replace(before, after, 1).encode(), "infrastructure.md")


def _refused(reading: Reading[Any]) -> Verdict:
    first = next(item for item in reading.findings if item.severity == "error")
    return wrong(first.found, f"Expected: {first.expected}.")


def pool(_: Cluster, answer: Any) -> Verdict:
    """07-1: the pool's section, put into the application's own specification."""
    reading = _read("## Networking", f"{answer}\n## Networking")
    if reading.spec is None:
        return _refused(reading)
    pools = cast("Infrastructure", reading.spec).pools
    found = next((item for item in pools if item.name.lower().startswith("batch")), None)
    if found is None:
        return wrong("no pool Batch", "A pool begins with its heading: #### Batch Pool")
    seen = f"{found.min_nodes} to {found.max_nodes} nodes, taints {', '.join(found.taints) or 'none'}"
    if (found.min_nodes, found.max_nodes) != (0, 4):
        return wrong(seen, "From none, so that it costs nothing while idle, to four.")
    if found.instance_type != "c7i.xlarge":
        return wrong(found.instance_type, "The reports are to run on c7i.xlarge: see Instance Type.")
    if not found.taints:
        return wrong(seen, "Without a taint every pod may be put there, and keeps the nodes from going.")
    if found.taints == ("workload=batch:PreferNoSchedule",):
        return wrong(seen, "Prefer… is a wish: when the other nodes are full, their pods come here.")
    return right(seen) if found.taints == ("workload=batch:NoSchedule",) else wrong(seen)


def addresses(_: Cluster, answer: Any) -> Verdict:
    """07-2: the range that pods get their addresses from."""
    reading = _read("**Pod CIDR**: 10.1.0.0/16", f"**Pod CIDR**: {answer}")
    if reading.spec is None:
        return _refused(reading)
    network = ip_network(str(cast("Infrastructure", reading.spec).networking.pod_cidr))
    room = 2 ** max(PER_NODE - network.prefixlen, 0)
    if room < NODES:
        return wrong(f"{network} holds {room} × /{PER_NODE}", f"There is room for {room} nodes only.")
    if not network.is_private:
        return wrong(network, "These addresses belong to others: choose a private range.")
    return right(f"{network} holds {room} × /{PER_NODE}")


def ignored(_: Cluster, answer: Any) -> Verdict:
    """07-3: what Argo CD is to leave alone."""
    try:
        found = yaml.safe_load(str(answer))
    except yaml.YAMLError as error:
        return wrong("no YAML", str(error).splitlines()[0])
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        return wrong(type(found).__name__, "ignoreDifferences is a list: each entry begins with a dash.")
    if any(item.get("kind") == "Deployment" and item.get("group") != "apps" for item in found):
        return wrong(f"group {found[0].get('group')!r}", "A Deployment is in the API group apps.")
    pointers = [str(p) for item in found for p in item.get("jsonPointers") or []]
    if "/spec" in pointers or "/" in pointers:
        return wrong(", ".join(pointers), "Then a changed image is not seen either: name the one field.")
    if any(not pointer.startswith("/") for pointer in pointers):
        return wrong(", ".join(pointers), "A JSON pointer begins with a slash, and has slashes for dots.")
    kinds = {item.get("kind") for item in found}
    if pointers == ["/spec/replicas"] and kinds == {"Deployment"}:
        return right("/spec/replicas of Deployments")
    return wrong(f"{', '.join(pointers) or 'no pointer'} of {', '.join(map(str, kinds))}")


def tag(_: Cluster, answer: Any) -> Verdict:
    """07-4: the seed's workflow with another tag to push, held against the rules."""
    text = (checkout() / WORKFLOW).read_text(encoding="utf-8").replace(_PUSHED, str(answer))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, ".github/workflows/deploy.yaml")
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
        findings = [item for item in check([folder]).findings if item.id == "workflow-tag-not-pushed"]
    if "github.sha" in str(answer) and "${{" not in str(answer):
        return wrong(answer, "That is plain text: a value of the workflow stands between ${{ and }}.")
    if not findings and "github.sha" in str(answer):
        return right(f"pushed and deployed: {answer}")
    if "ref_name" in str(answer) or str(answer) == "latest":
        return wrong(answer, "That name moves: what it stands for tomorrow is not what was tested today.")
    if str(answer).startswith("sha-"):
        return wrong(answer, "The deployment asks for the commit alone, without sha- before it.")
    return wrong(answer, "The deployment asks for github.sha, the full SHA of the commit.")


def closed(cluster: Cluster, _: Any) -> Verdict:
    """07-5: the policy."""
    found = cluster.find("NetworkPolicy", "closed")
    if found is None:
        return nothing("there is no NetworkPolicy closed")
    selected, types = found.at("spec.podSelector", {}), set(found.at("spec.policyTypes", []))
    egress = found.at("spec.egress", []) or []
    if selected:
        return wrong(f"podSelector {selected}", "An empty selector, {}, is every pod of the namespace.")
    if types != {"Ingress", "Egress"}:
        return wrong(f"policyTypes {sorted(types)}", "Both directions are to be closed: name both.")
    if found.at("spec.ingress", []):
        return wrong("an ingress rule", "Nothing is to come in; other policies open what is needed.")
    return _only_dns(egress)


def _only_dns(egress: list[dict[str, Any]]) -> Verdict:
    if not egress:
        return wrong("no egress rule", "Without DNS no name is resolved: leave that one way open.")
    if any(not rule.get("to") for rule in egress):
        return wrong("an egress rule without to", "That is port 53 of the whole world: name the cluster's.")
    if any("ipBlock" in peer for rule in egress for peer in rule["to"]):
        return wrong("an egress rule with ipBlock", "Addresses may be anyone's: select DNS by its labels.")
    if any(not rule.get("ports") for rule in egress):
        return wrong("an egress rule without ports", "Without ports all of them are open: name port 53.")
    if said := _not_dns([peer for rule in egress for peer in rule["to"]]):
        return said
    asked = {(port.get("port"), port.get("protocol")) for rule in egress for port in rule["ports"]}
    if asked == {(53, "UDP"), (53, "TCP")}:
        return right("all pods: nothing in, DNS out")
    return wrong(f"ports {sorted(map(str, asked))}", "DNS is port 53, by UDP, and by TCP for long answers.")


def _not_dns(peers: list[dict[str, Any]]) -> Verdict | None:
    """What is wrong about whom the rules name; None when it is the cluster's DNS and nobody else."""
    if any("namespaceSelector" not in peer for peer in peers):
        message = (
            "By itself a podSelector means pods of this namespace; DNS is in kube-system. One entry of the "
            "list takes both selectors; two entries, each with its own dash, mean either."
        )
        return wrong("an egress peer without namespaceSelector", message)
    if any(_selects(peer, *other) for peer in peers for other in _OTHERS):
        message = "That is port 53 of any pod, DNS or not: select kube-system, and k8s-app: kube-dns in it."
        return wrong("an egress peer that selects other pods", message)
    if not any(_selects(peer, *_DNS) for peer in peers):
        return wrong("no egress peer that selects DNS", "DNS is in kube-system, labelled k8s-app: kube-dns.")
    return None


def _selects(peer: dict[str, Any], namespace: str, labels: dict[str, str]) -> bool:
    there = matches(peer["namespaceSelector"], {_NAME: namespace})
    return there and matches(peer.get("podSelector"), labels)


def hardened(cluster: Cluster, _: Any) -> Verdict:
    """07-6: what is said about the security of ledger's pods."""
    found = cluster.find("Deployment", _LEDGER)
    if found is None:
        return wrong("there is no Deployment ledger", GONE)
    pod = found.at("spec.template.spec", {})
    container = pod["containers"][0]
    own = container.get("securityContext") or {}
    both = (pod.get("securityContext") or {}) | own
    if not both and not container.get("resources"):
        return nothing("no securityContext, no resources")
    if own.get("privileged"):
        return wrong("privileged: true", "A privileged container is root on its node.")
    if both.get("runAsUser") == 0 or not both.get("runAsNonRoot"):
        return wrong(f"runAsUser {both.get('runAsUser')}", "User 0 is root; with runAsNonRoot it is refused.")
    missing = [name for name, there in _parts(both, own, container).items() if not there]
    return right("every line") if not missing else wrong(f"missing: {', '.join(missing)}", _said(missing))


def _parts(both: dict[str, Any], own: dict[str, Any], container: dict[str, Any]) -> dict[str, bool]:
    return {
        "readOnlyRootFilesystem": own.get("readOnlyRootFilesystem") is True,
        "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is False,
        "capabilities": "ALL" in ((own.get("capabilities") or {}).get("drop") or []),
        "seccompProfile": (both.get("seccompProfile") or {}).get("type") == "RuntimeDefault",
        "limits": "memory" in ((container.get("resources") or {}).get("limits") or {}),
    }


def _said(missing: list[str]) -> str:
    if missing == ["limits"]:
        return "Without a memory limit one pod can take the node's whole memory."
    return f"Still open: {', '.join(missing)}; without them a namespace with restricted standards refuses it."


def harden(cluster: Cluster) -> None:
    """Solves 07-6."""
    container = {
        "name": "ledger",
        "securityContext": {
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
    }
    context = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
    change = {"spec": {"template": {"spec": {"securityContext": context, "containers": [container]}}}}
    cluster.patch("Deployment", "ledger", change)
