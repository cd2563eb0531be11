"""DaemonSets that leave nodes out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kitlib.cluster.resource import Resource
from kitlib.diagnosis.cause import Cause, Scan
from kitlib.diagnosis.scan import ref
from kitlib.diagnosis.taints import strict_taints, tolerated
from kitlib.diagnosis.templates import kubectl
from kitlib.findings import Finding, Fix, Quote

_DOCS = "kubernetes.io/docs/concepts/workloads/controllers/daemonset"
# Taints whose nodes a DaemonSet is usually not meant for, or which its controller tolerates by itself.
_USUAL = ("node-role.kubernetes.io/", "node.kubernetes.io/", "node.cloudprovider.kubernetes.io/")


def daemons(scan: Scan) -> Iterator[Cause]:
    """Nodes that a DaemonSet's selector fits, and whose taint it does not tolerate."""
    for item in scan.of("DaemonSet"):
        selector: dict[str, str] = item.at("spec.template.spec.nodeSelector", {})
        tolerations: list[dict[str, Any]] = item.at("spec.template.spec.tolerations", [])
        for node in scan.of("Node"):
            taints = strict_taints(node)
            mine = [t for t in taints if not t["key"].startswith(_USUAL) and not tolerated(t, tolerations)]
            if mine and selector.items() <= node.labels.items():
                yield _cause(item, node, mine[0])
                break


def _cause(item: Resource, node: Resource, taint: dict[str, Any]) -> Cause:
    text = f"{taint['key']}={taint.get('value', '')}:{taint['effect']}"
    finding = Finding(
        "warning",
        "daemon-taint",
        f"DaemonSet {item.name} has no pod on {node.name}, which is tainted",
        ref(item),
        found=f"no toleration of {text}",
        expected=f"a toleration of {text}, or a nodeSelector that leaves such nodes out",
        why=f"a DaemonSet's pods obey taints, but for those that the node controller sets ({_DOCS})",
        fix=Fix("add the toleration, if it is meant for all nodes", command=f"kubectl edit {kubectl(item)}"),
        evidence=(Quote(f"taint {text}", f"spec of Node {node.name}"),),
        field="spec.template.spec.tolerations",
    )
    return Cause(finding, affects=(ref(item),))
