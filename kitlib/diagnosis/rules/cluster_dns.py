"""The cluster's own DNS: names that exist and still do not resolve."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kitlib.cluster.resource import Resource
from kitlib.diagnosis.calling import addresses_of, service_of
from kitlib.diagnosis.cause import Cause, Scan, quote_all
from kitlib.diagnosis.logs import understand
from kitlib.diagnosis.scan import ref
from kitlib.findings import Finding, Fix, Ref

_DOCS = "kubernetes.io/docs/tasks/administer-cluster/dns-custom-nameservers"
# Plugins of CoreDNS that answer names by themselves, or send them elsewhere (coredns.io/plugins).
_SUSPICIOUS = re.compile(
    r"^\s*(template\b.*|rcode\s+\w+|answer\b.*|rewrite\b.*|hosts\b.*|erratic\b.*)$", re.MULTILINE
)


def dns(scan: Scan) -> Iterator[Cause]:
    """Services that exist, and whose names workloads can't resolve: the fault is the cluster's DNS."""
    unresolved = {}
    for workload in scan.workloads():
        names = {pod.name for pod in scan.pods_of(workload)}
        for log in scan.logs:
            if log.namespace != workload.namespace or log.pod not in names:
                continue
            for said in understand(log.text):
                if said.kind == "host-unresolved" and _exists(scan, workload, said.host):
                    unresolved[ref(workload)] = (said.text, log.source)
    if not unresolved:
        return
    config = next(iter(scan.of("DnsConfig")), None)
    if config is None:
        return
    core = str(config.at("data", {}).get("Corefile", ""))
    odd = [match.group(1).strip() for match in _SUSPICIOUS.finditer(core)]
    if not odd:
        return  # its server may be down; the rule about its pods says so
    finding = Finding(
        "error",
        "dns-config",
        "the cluster's DNS does not answer for Services that exist",
        Ref("ConfigMap", config.name, config.namespace),
        found="; ".join(odd)[:300],
        expected="the kubernetes plugin alone answers for the cluster's domain",
        why=f"CoreDNS answers as its Corefile says, and each name of a Service is asked of it ({_DOCS})",
        fix=Fix(
            "take these lines out of the Corefile",
            command=f"kubectl -n {config.namespace} edit configmap/{config.name}",
        ),
        evidence=quote_all(
            [*unresolved.values(), *((line, f"ConfigMap {config.name}, Corefile") for line in odd)]
        ),
        field="data.Corefile",
    )
    yield Cause(finding, affects=tuple(unresolved))


def _exists(scan: Scan, workload: Resource, host: str) -> bool:
    if host:
        return service_of(scan, host, workload.namespace) is not None
    told = addresses_of(scan, workload)
    return bool(told) and all(service_of(scan, a.host, workload.namespace) for a in told)
