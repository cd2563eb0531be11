"""Claims that get no volume, and volumes that do not reach the node."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from kitlib.cluster.resource import Resource
from kitlib.diagnosis.cause import Cause, Scan, quote_all
from kitlib.diagnosis.scan import ref
from kitlib.diagnosis.templates import kubectl, pod_path
from kitlib.findings import Finding, Fix, Quote

_DOCS = "kubernetes.io/docs/concepts/storage/persistent-volumes"
_DEFAULT = "storageclass.kubernetes.io/is-default-class"
_ATTACH = re.compile(r"Multi-Attach error|already exclusively attached|already used by pod", re.IGNORECASE)


def claims(scan: Scan) -> Iterator[Cause]:
    """Claims that are not bound, and why."""
    for claim in scan.of("PersistentVolumeClaim"):
        if claim.at("status.phase") == "Lost":
            yield _lost(scan, claim)
        elif claim.at("status.phase") == "Pending":
            yield from _pending(scan, claim)


def missing_claims(scan: Scan) -> Iterator[Cause]:
    """Pods that name a claim which does not exist."""
    if not scan.knows("PersistentVolumeClaim"):
        return
    for workload in scan.workloads():
        for pod in scan.pods_of(workload)[:1]:
            for name in _claimed(pod):
                if scan.find("PersistentVolumeClaim", name, pod.namespace) is None:
                    yield _missing(scan, workload, pod, name)


def attached_elsewhere(scan: Scan) -> Iterator[Cause]:
    """Volumes that one node has, while a pod on another wants them."""
    for pod in scan.of("Pod"):
        events = [e for e in scan.events_of(pod) if _ATTACH.search(str(e.get("message", "")))]
        message = _condition(pod)
        conflict = "volume node affinity conflict" in message or "available persistent volumes" in message
        if pod.at("status.phase") != "Pending" or not (events or conflict):
            continue
        names = _claimed(pod)
        claim = scan.find("PersistentVolumeClaim", names[0], pod.namespace) if names else None
        if claim is None or claim.at("status.phase") != "Bound":
            continue
        texts = [(str(e.get("message", "")), f"event {e.get('reason')} of {pod.name}") for e in events]
        texts.append((message, f"condition PodScheduled of {pod.name}"))
        yield Cause(_elsewhere(scan, claim, pod, texts), affects=(scan.owner_ref(pod), ref(claim)))


def _pending(scan: Scan, claim: Resource) -> Iterator[Cause]:
    wanted = claim.at("spec.storageClassName")
    classes = scan.of("StorageClass")
    if scan.knows("StorageClass") and wanted not in [c.name for c in classes]:
        if wanted == "" or (wanted is None and any(_is_default(c) for c in classes)):
            return  # it waits for a volume made by hand, or is taken up in a moment
        if claim.at("spec.volumeName"):
            return
        near = get_close_matches(str(wanted), [c.name for c in classes], n=1)
        near = near or [c.name for c in classes if _is_default(c)]
        yield _cause(
            scan,
            claim,
            "storage-class",
            f"claim {claim.name} asks for StorageClass {wanted}, which does not exist"
            if wanted
            else f"claim {claim.name} names no StorageClass, and none is the default",
            "spec.storageClassName",
            found=str(wanted or "none"),
            expected=near[0] if near else "a StorageClass that exists",
        )
        return
    failed = scan.events_of(claim, "ProvisioningFailed")
    if failed:
        text = str(failed[-1].get("message", ""))
        yield _cause(
            scan,
            claim,
            "provisioning",
            f"no volume can be made for claim {claim.name}",
            "spec",
            found=text[:200],
            expected="a claim that its StorageClass can provision",
        )


def _cause(
    scan: Scan, claim: Resource, rule: str, title: str, field: str, *, found: str, expected: str
) -> Cause:
    users = _users(scan, claim)
    events = [
        (str(e.get("message", "")), f"event {e.get('reason')} of {claim.name}") for e in scan.events_of(claim)
    ]
    events += [(_condition(pod), f"condition PodScheduled of {pod.name}") for pod in users]
    finding = Finding(
        "error",
        rule,
        title,
        ref(claim),
        found=found,
        expected=expected,
        why=f"a claim is bound by a volume of its class; pods that use it wait until then ({_DOCS})",
        fix=Fix(
            f"make the claim anew with {expected}: its class can't be changed afterwards"
            if rule == "storage-class"
            else "mend what the provisioner says",
            command=f"kubectl describe {kubectl(claim)}",
        ),
        evidence=quote_all(events[-3:]) or (Quote("phase Pending", f"status of {claim.name}"),),
        field=field,
    )
    return Cause(finding, affects=(ref(claim), *dict.fromkeys(scan.owner_ref(pod) for pod in users)))


def _lost(scan: Scan, claim: Resource) -> Cause:
    volume = claim.at("spec.volumeName", "")
    return _cause(
        scan,
        claim,
        "volume-lost",
        f"the volume of claim {claim.name} is gone",
        "spec.volumeName",
        found=volume,
        expected="a PersistentVolume that exists",
    )


def _missing(scan: Scan, workload: Resource, pod: Resource, name: str) -> Cause:
    names = [claim.name for claim in scan.of("PersistentVolumeClaim", pod.namespace)]
    near = get_close_matches(name, names, n=1)
    finding = Finding(
        "error",
        "claim-missing",
        f"PersistentVolumeClaim {name} does not exist",
        ref(workload),
        found=name,
        expected=near[0] if near else "a claim of that name",
        why=f"a pod waits until each claim that it names exists and is bound ({_DOCS})",
        fix=Fix("name a claim that exists, or make this one", command=f"kubectl edit {kubectl(workload)}"),
        evidence=quote_all(
            [
                (_condition(pod), f"condition PodScheduled of {pod.name}"),
                (f"claims there are: {', '.join(names) or 'none'}", f"namespace {pod.namespace}"),
            ]
        ),
        field=f"{pod_path(workload)}.volumes[{name}].persistentVolumeClaim.claimName",
    )
    return Cause(finding, affects=(ref(workload),))


def _elsewhere(scan: Scan, claim: Resource, pod: Resource, texts: list[tuple[str, str]]) -> Finding:
    modes = ", ".join(claim.at("spec.accessModes", []))
    holders = [o for o in _users(scan, claim) if o.at("spec.nodeName") and o.name != pod.name]
    held = f"; {holders[0].name} uses it on {holders[0].at('spec.nodeName')}" if holders else ""
    return Finding(
        "error",
        "volume-elsewhere",
        f"the volume of claim {claim.name} is on another node{held}",
        ref(claim),
        found=f"accessModes {modes}",
        expected="pods on one node, a claim for each pod, or a class that gives ReadWriteMany",
        why=f"a ReadWriteOnce volume is mounted by one node at a time ({_DOCS}#access-modes)",
        fix=Fix("give each pod a claim of its own (StatefulSet), or keep them on one node"),
        evidence=quote_all(texts),
        field="spec.accessModes",
    )


def _users(scan: Scan, claim: Resource) -> list[Resource]:
    return [pod for pod in scan.of("Pod", claim.namespace) if claim.name in _claimed(pod)]


def _claimed(pod: Resource) -> list[str]:
    volumes = pod.at("spec.volumes", [])
    return [v["persistentVolumeClaim"]["claimName"] for v in volumes if v.get("persistentVolumeClaim")]


def _condition(pod: Resource) -> str:
    for condition in pod.at("status.conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return str(condition.get("message", ""))
    return ""


def _is_default(item: Resource) -> bool:
    return bool((item["metadata"].get("annotations") or {}).get(_DEFAULT) == "true")
