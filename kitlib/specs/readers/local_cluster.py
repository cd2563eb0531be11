"""Reads `# Local Kubernetes Development Setup`."""

from __future__ import annotations

import re

from kitlib.specs import phrases, quantities, values
from kitlib.specs.markdown import Section
from kitlib.specs.problems import Loc, Place
from kitlib.specs.readers.tables import Column, read_list, read_table, stray
from kitlib.specs.sheet import Key, Part, Sheet
from kitlib.specs.values import choice

_MEMORY = re.compile(r"(\d{1,5})\s*Gi?B\+?\s+(of\s+)?(RAM|memory)\b.*", re.IGNORECASE)
_DISK = re.compile(r"(\d{1,6})\s*Gi?B\+?\s+(of\s+)?disk\b.*", re.IGNORECASE)
PROVIDERS = ("Minikube", "Kind", "Embedded")
DRIVERS = ("docker", "podman", "kvm2", "hyperkit", "hyperv", "virtualbox", "vmware", "qemu2", "none")


def _prerequisites(sheet: Sheet, section: Section, loc: Loc, place: Place) -> None:
    stray(sheet, section, place, tables=True)
    patterns = {"memory_gb": _MEMORY, "disk_gb": _DISK}
    other: list[str] = []
    for index, item in enumerate(section.items):
        spot = place.inner(str(index + 1), item.line)
        for name, pattern in patterns.items():
            if match := pattern.fullmatch(item.text):
                sheet.put((*loc, name), int(match[1]), spot)
                break
        else:
            other.append(item.text)
            sheet.places.setdefault((*loc, "runtime"), spot)
    examples = {"memory_gb": "8GB+ RAM available", "disk_gb": "20GB+ disk space"}
    for name, example in examples.items():
        if (*loc, name) not in sheet.values:
            sheet.missing(
                [(*loc, name)], place, example.split("+ ")[1], f"a line such as {example}", f"add - {example}"
            )
    if other:
        sheet.values[(*loc, "runtime")] = "; ".join(other)
    else:
        sheet.missing([(*loc, "runtime")], place, "container runtime", "a runtime", "add - Docker Desktop")


def _addons(sheet: Sheet, section: Section, loc: Loc, place: Place) -> None:
    read_list(sheet, section, loc, place, values.without_brackets)


def _overrides(sheet: Sheet, section: Section, loc: Loc, place: Place) -> None:
    columns = (
        Column("Service", "service", values.slug),
        Column("Replicas", "replicas", values.whole()),
        Column("CPU", "resources.cpu_request resources.cpu_limit", quantities.cpu_span),
        Column("Memory", "resources.memory_request resources.memory_limit", quantities.memory_span),
        Column("Variables", "variables", phrases.variables, optional=True),
    )
    read_table(sheet, section, columns, loc, place, keyed=True)


def parts(sections: list[Section]) -> tuple[Part, ...]:
    """What there should be; the heading of the configuration names the provider."""
    titles = [section.title.lower() for section in sections]
    provider = next((name for name in PROVIDERS if f"{name.lower()} configuration" in titles), PROVIDERS[0])
    configuration = Part(
        f"{provider} Configuration",
        keys=(
            Key("Driver", "driver", choice(*DRIVERS)),
            Key("Kubernetes", "kubernetes", values.kubernetes_version),
            Key("CPUs", "cpus", values.whole()),
            Key("Memory", "memory_mb", quantities.memory_megabytes),
            Key("Disk", "disk_gb", quantities.gigabytes),
            Key("Namespace", "namespace", optional=True),
        ),
    )
    return (
        Part("Prerequisites", "prerequisites", read=_prerequisites),
        configuration,
        Part("Required Addons", "addons", optional=True, read=_addons),
        Part("Development Overrides", "overrides", optional=True, read=_overrides),
    )


def provider(sheet: Sheet, sections: list[Section]) -> None:
    """Note which provider the document configures."""
    for section in sections:
        name = section.title.lower().removesuffix(" configuration")
        if name in [known.lower() for known in PROVIDERS]:
            sheet.put(("provider",), name, Place(section.line, (section.title,)))
