"""What containers use, against what they may: near the memory limit, held back by the CPU limit."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from kitlib import quantity
from kitlib.cluster.resource import Resource
from kitlib.diagnosis.cause import Cause, Scan
from kitlib.diagnosis.scan import ref
from kitlib.diagnosis.templates import container_path
from kitlib.findings import Finding, Fix, Quote

_DOCS = "kubernetes.io/docs/concepts/configuration/manage-resources-containers"
NEAR = Decimal("0.9")


def usage(scan: Scan) -> Iterator[Cause]:
    """Containers at nine tenths of a limit and above."""
    seen: set[tuple[str, str]] = set()
    for metrics in scan.of("PodMetrics"):
        pod = scan.find("Pod", metrics.name, metrics.namespace)
        if pod is None:
            continue
        used = {c["name"]: c.get("usage") or {} for c in metrics.get("containers") or ()}
        for item in pod.at("spec.containers", []):
            limits = (item.get("resources") or {}).get("limits") or {}
            for resource in ("memory", "cpu"):
                share = _share(used.get(item["name"], {}).get(resource), limits.get(resource))
                owner = scan.owner(pod)
                mark = (str(owner["metadata"].get("uid")), f"{item['name']} {resource}")
                if share is not None and share >= NEAR and mark not in seen:
                    seen.add(mark)
                    has = used[item["name"]][resource]
                    yield _cause(owner, pod, item["name"], resource, has, str(limits[resource]), share)


def _share(used: str | None, limit: str | None) -> Decimal | None:
    has, may = quantity.parse(used), quantity.parse(limit)
    return has / may if has is not None and may else None


def _cause(
    owner: Resource, pod: Resource, container: str, resource: str, used: str, limit: str, share: Decimal
) -> Cause:
    memory = resource == "memory"
    finding = Finding(
        "warning",
        "memory-near-limit" if memory else "cpu-throttled",
        f"container {container} uses {share:.0%} of its {resource} limit",
        ref(owner),
        found=f"{used} of {limit}",
        expected="a limit above what it needs at its peak" if memory else "a higher limit, or none",
        why=("at its limit it will be killed" if memory else "at its limit it is held back, and gets slow")
        + f" ({_DOCS})",
        fix=Fix(
            f"raise the {resource} limit, or find out why it needs so much",
            command=f"kubectl -n {owner.namespace} set resources {owner.kind.lower()}/{owner.name} "
            f"-c {container} --limits={resource}=<more than {limit}>",
        ),
        evidence=(Quote(f"{used} of {limit}", f"metrics of {pod.name}, container {container}"),),
        field=container_path(owner, container, f"resources.limits.{resource}"),
    )
    return Cause(finding, affects=(ref(owner),))
