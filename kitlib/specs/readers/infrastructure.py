"""Reads `# Infrastructure Specification: production`."""

from __future__ import annotations

from kitlib.specs import phrases, quantities, values
from kitlib.specs.markdown import Section
from kitlib.specs.problems import Loc, Place
from kitlib.specs.readers.tables import stray
from kitlib.specs.sheet import Key, Part, Sheet, read_items

POOL = (
    Key("Instance Type", "instance_type vcpu memory_gb", quantities.instance),
    Key("Min Nodes", "min_nodes", values.whole()),
    Key("Max Nodes", "max_nodes", values.whole()),
    Key("Autoscaling", "autoscaling", values.yes, optional=True),
    Key("Taints", "taints", phrases.taints, optional=True),
)


def title(sheet: Sheet, section: Section, name: str) -> None:
    """Check the title's name against the environment's: the two say the same thing."""
    place = Place(section.line, ("Infrastructure Specification",))
    sheet.read([("title",)], values.text, name, place)
    told = sheet.values.pop(("title",), None)
    written = sheet.values.get(("name",))
    if told is not None and written is not None and told != written:
        line = sheet.places[("name",)].line
        sheet.report(
            "spec-value",
            place,
            found=told,
            expected=f"{written}, as Name in line {line}",
            fix=f"write {written}",
        )


def _pools(sheet: Sheet, section: Section, loc: Loc, place: Place) -> None:
    stray(sheet, section, place, tables=True, sections=False)
    if not section.sections:
        sheet.missing([loc], place, "node pool", "a heading #### … Pool", "add the heading #### Default Pool")
    names: set[str] = set()
    for index, pool in enumerate(section.sections):
        spot = place.inner(pool.title, pool.line)
        name = values.slug(pool.title).removesuffix("-pool")
        sheet.places[(*loc, index)] = spot
        sheet.put((*loc, index, "name"), name or pool.title, spot)
        if name in names:
            sheet.report(
                "spec-duplicate", spot, found=pool.title, expected="one pool of a name", fix="rename one"
            )
        names.add(name)
        read_items(sheet, pool.items, POOL, (*loc, index), spot)
        stray(sheet, pool, spot, tables=True)


def _texts(*names: str) -> tuple[Key, ...]:
    return tuple(Key(name, name.lower().replace(" ", "_")) for name in names)


PARTS = (
    Part(
        "Environment Overview",
        keys=(*_texts("Name", "Region"), Key("Cloud Provider", "providers", phrases.providers)),
    ),
    Part(
        "Cluster Specification",
        parts=(
            Part(
                "Control Plane",
                "control_plane",
                (
                    Key("Type", "type service", phrases.kind_of_plane),
                    Key("Version", "version", values.kubernetes_version),
                    Key("High Availability", "high_availability zones", phrases.available),
                ),
            ),
            Part("Node Pools", "pools", read=_pools),
        ),
    ),
    Part("Networking", "networking", _texts("VPC CIDR", "Pod CIDR", "Service CIDR", "DNS")),
    Part(
        "Storage",
        "storage",
        (Key("Default StorageClass", "storage_class"), Key("Backup", "backup", phrases.backup)),
    ),
    Part(
        "Security",
        "security",
        (
            *_texts("Network Policies", "Secrets Management"),
            Key("Pod Security", "pod_security", phrases.pod_security),
            *_texts("Audit Logging"),
        ),
    ),
    Part("Observability", "observability", _texts("Metrics", "Logging", "Tracing", "Alerting")),
)
