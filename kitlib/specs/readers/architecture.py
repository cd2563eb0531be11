"""Reads `# Cloud-Native Architecture Specification`."""

from __future__ import annotations

import re

from kitlib.specs import phrases, quantities, values
from kitlib.specs.markdown import Section
from kitlib.specs.models.architecture import FACTORS
from kitlib.specs.problems import Loc, Place
from kitlib.specs.readers.tables import Column, read_table, stray
from kitlib.specs.sheet import Key, Part, Sheet, read_items
from kitlib.specs.values import BadValue, choice, nearest

RESOURCES = (
    Key("CPU", "cpu_request cpu_limit", quantities.cpu_span),
    Key("Memory", "memory_request memory_limit", quantities.memory_span),
)
SERVICE = (
    Key("Type", "type"),
    Key("Framework", "framework"),
    Key("Replicas", "replicas", quantities.replicas),
    Key("Resources", "resources", keys=RESOURCES),
    Key("Port", "port", values.whole(), optional=True),
    Key("Hosts", "hosts development_hosts", phrases.hosts, optional=True),
    Key("Calls", "calls", values.names, optional=True),
    Key("Container", "container", optional=True),
)
_SHORT = {
    "backing svcs": "Backing Services",
    "dev/prod par": "Dev/Prod Parity",
    "admin procs": "Admin Processes",
}


def _services(sheet: Sheet, section: Section, loc: Loc, place: Place) -> None:
    stray(sheet, section, place, tables=True, sections=False)
    for item in section.items:
        inner = place.inner(item.key or item.text, item.line)
        fix = "put it under a heading ### … Service"
        sheet.report("spec-unknown", inner, found=item.text, expected="headings of services", fix=fix)
    if not section.sections:
        sheet.missing([loc], place, "service", "a heading ### … Service", "add the heading ### … Service")
    names: dict[str, int] = {}
    for index, service in enumerate(section.sections):
        inner = place.inner(service.title, service.line)
        base = (*loc, index)
        sheet.put((*base, "title"), service.title, inner)
        name = values.slug(re.sub(r"\s+service\s*$", "", service.title, flags=re.IGNORECASE))
        sheet.read([(*base, "name")], values.text, name or service.title, inner)
        if name in names:
            found = f"{name}, as in line {names[name]}"
            sheet.report(
                "spec-duplicate", inner, found=found, expected="one service of a name", fix="rename one"
            )
        names.setdefault(name, service.line)
        sheet.places[base] = inner
        read_items(sheet, service.items, SERVICE, base, inner)
        stray(sheet, service, inner, tables=True)


def _factor(value: str) -> str:
    found = re.sub(r"^\d+\.\s*", "", values.text(value))
    found = _SHORT.get(found.lower(), found)
    for factor in FACTORS:
        if factor.lower() == found.lower():
            return factor
    raise BadValue("one of the twelve factors: " + ", ".join(FACTORS), nearest(found, FACTORS))


def _factors(sheet: Sheet, section: Section, loc: Loc, place: Place) -> None:
    read_table(
        sheet, section, (Column("Factor", "factor", _factor), Column("Practice", "practice")), loc, place
    )
    found = {value for path, value in sheet.values.items() if path[-1:] == ("factor",)}
    absent = [factor for factor in FACTORS if factor not in found]
    if section.tables and absent and not any(path[-1:] == ("factor",) for path in sheet.failed):
        for factor in absent:
            sheet.missing([loc], place, factor, f"a row {factor}", f"add the row | {factor} | … |")


PARTS = (
    Part(
        "Application Identity",
        keys=(
            Key("Name", "name"),
            Key("Type", "type", choice("Microservice", "Monolith", "Serverless")),
            Key("Domain", "domain"),
        ),
    ),
    Part("Architecture Overview", optional=True),
    Part("Service Components", "services", read=_services),
    Part(
        "Infrastructure Requirements",
        parts=(
            Part(
                "Compute",
                "compute",
                (
                    Key("Cluster", "kubernetes", values.kubernetes_version),
                    Key("Node Pool", "nodes", quantities.nodes),
                    Key("Instance Type", "node_vcpu node_memory_gb", quantities.machine),
                ),
            ),
            Part(
                "Storage",
                "storage",
                (
                    Key("Database", "database database_managed", phrases.managed),
                    Key("Cache", "cache cache_managed", phrases.managed, optional=True),
                    Key("Object Storage", "object_storage", optional=True),
                ),
            ),
            Part(
                "Networking",
                "networking",
                (
                    Key("Ingress", "ingress"),
                    Key("TLS", "tls", optional=True),
                    Key("DNS", "dns", optional=True),
                ),
            ),
        ),
    ),
    Part(
        "Non-Functional Requirements",
        parts=(
            Part(
                "Availability",
                "availability",
                (
                    Key("SLA Target", "sla_target", values.percent),
                    Key("Strategy", "strategy"),
                    Key("Failover", "failover"),
                ),
            ),
            Part(
                "Scalability",
                "scalability",
                (
                    Key("Horizontal", "horizontal"),
                    Key("Vertical", "vertical", optional=True),
                    Key("Scaling Triggers", "cpu_target memory_target", quantities.triggers),
                ),
            ),
            Part(
                "Security",
                "security",
                (
                    Key("Network Policies", "network_policies"),
                    Key("Secrets", "secrets"),
                    Key("RBAC", "rbac"),
                    Key("Pod Security", "pod_security", phrases.pod_security),
                ),
            ),
        ),
    ),
    Part("Twelve Factors", "factors", optional=True, read=_factors),
)
