"""Reads `# Container Specification: API`."""

from __future__ import annotations

import re

from kitlib.specs import phrases, quantities, values
from kitlib.specs.markdown import Section, plain
from kitlib.specs.problems import Loc, Place
from kitlib.specs.readers.tables import Column, read_list, read_table, stray
from kitlib.specs.sheet import Key, Part, Sheet
from kitlib.specs.values import BadValue, choice


def title(sheet: Sheet, section: Section, name: str) -> None:
    """Read the container's name from the title behind the colon."""
    place = Place(section.line, ("Container Specification",))
    sheet.read([("title",)], values.text, name, place)
    if ("title",) in sheet.failed:
        sheet.failed.add(("name",))
        return
    sheet.put(("name",), values.slug(re.sub(r"\s+service\s*$", "", name, flags=re.IGNORECASE)), place)


def _image(value: str) -> tuple[str, str]:
    """The image, and its language."""
    image = values.text(value)
    if not re.fullmatch(
        r"[a-z0-9][a-z0-9._/-]*(:[0-9]+/[a-z0-9._/-]+)?(:[\w][\w.-]*)?(@sha256:[0-9a-f]{64})?", image
    ):
        raise BadValue("an image and its tag, such as python:3.11-slim")
    for language in ("python", "node"):
        if re.search(rf"(^|/){language}(:|@|$)", image):
            return image, language
    raise BadValue("an image of Python or Node.js, such as python:3.11-slim or node:20-alpine")


def _default(value: str) -> str | None:
    found = plain(value)
    return None if found in ("", "-", "–", "—") else found


def _variables(sheet: Sheet, section: Section, loc: Loc, place: Place) -> None:
    columns = (
        Column("Variable", "name"),
        Column("Required", "required", values.yes),
        Column("Default", "default", _default),
        Column("Description", "description", plain, optional=True),
        Column("From", "source", choice("ConfigMap", "Secret", "Build", "Image"), optional=True),
    )
    read_table(sheet, section, columns, loc, place)
    for base in [path[:-1] for path in list(sheet.values) if path[-1:] == ("required",)]:
        needed = sheet.values[(*base, "required")]
        default = sheet.values.get((*base, "default"))
        source = "Secret" if needed and default is None else "ConfigMap"
        if (*base, "source") not in sheet.failed:
            sheet.values.setdefault((*base, "source"), source)


def _ports(sheet: Sheet, section: Section, loc: Loc, place: Place) -> None:
    columns = (
        Column("Port", "port", values.whole()),
        Column("Protocol", "protocol", choice("HTTP", "HTTPS", "GRPC", "TCP", "UDP")),
        Column("Description", "description", plain, optional=True),
    )
    read_table(sheet, section, columns, loc, place)
    taken: set[str] = set()
    for base in [path[:-1] for path in list(sheet.values) if path[-1:] == ("port",)]:
        about = str(sheet.values.get((*base, "description"), ""))
        protocol = str(sheet.values.get((*base, "protocol"), "TCP")).lower()
        name = "metrics" if "metric" in about.lower() else protocol
        if name in taken:
            name = f"{protocol}-{sheet.values[(*base, 'port')]}"
        taken.add(name)
        sheet.put((*base, "name"), name, sheet.places[base])


def _stages(sheet: Sheet, section: Section, loc: Loc, place: Place) -> None:
    stray(sheet, section, place, tables=True)
    if not section.items:
        sheet.missing([loc], place, "stage", "a numbered list of stages", "add 1. **Dependencies**: …")
    for index, item in enumerate(section.items):
        spot = place.inner(item.key or str(index + 1), item.line)
        if not item.key:
            sheet.failed.add((*loc, index))
            expected = "a name and what it does: 1. **Dependencies**: Install pip packages"
            sheet.report(
                "spec-value", spot, found=item.text, expected=expected, fix=f"1. **Name**: {item.text[:40]}"
            )
            continue
        sheet.put((*loc, index, "name"), item.key, spot)
        sheet.read([(*loc, index, "does")], values.text, item.value, spot)


def _writable(sheet: Sheet, section: Section, loc: Loc, place: Place) -> None:
    read_list(sheet, section, loc, place, _folder)


def _folder(value: str) -> str:
    found = values.text(value)
    if not re.fullmatch(r"/[^\s:,]*", found):
        raise BadValue("a folder from the root, such as /tmp")
    return found


PARTS = (
    Part(
        "Base Image",
        keys=(Key("Image", "base_image language", _image), Key("Rationale", "rationale", optional=True)),
    ),
    Part("Build Stages", "stages", read=_stages),
    Part("Source", keys=(Key("Folder", "source"),), optional=True),
    Part(
        "Command",
        keys=(
            Key("Production", "command", values.command),
            Key("Development", "development_command", values.command, optional=True),
            Key("Migration", "migration", values.command, optional=True),
        ),
        optional=True,
    ),
    Part("Environment Variables", "variables", optional=True, read=_variables),
    Part("Ports", "ports", optional=True, read=_ports),
    Part(
        "Health Checks",
        keys=tuple(
            Key(name, name.lower(), phrases.check, optional=True)
            for name in ("Liveness", "Readiness", "Startup")
        ),
        optional=True,
    ),
    Part(
        "Resource Limits",
        "resources",
        (
            Key("CPU", "cpu_request cpu_limit", quantities.cpu_span),
            Key("Memory", "memory_request memory_limit", quantities.memory_span),
        ),
    ),
    Part("Writable Folders", "writable", optional=True, read=_writable),
    Part(
        "Security",
        "security",
        (
            Key("User", "non_root uid", phrases.user),
            Key("Filesystem", "read_only_root", phrases.read_only),
            Key("Capabilities", "drop_capabilities", phrases.capabilities),
        ),
    ),
)
