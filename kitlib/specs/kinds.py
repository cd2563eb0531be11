"""The kinds of specification: how each is recognised, read and called."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kitlib.specs.markdown import Section
from kitlib.specs.models.agent import AgentConfig
from kitlib.specs.models.ai_operations import AiOperations
from kitlib.specs.models.architecture import Architecture
from kitlib.specs.models.base import SpecModel
from kitlib.specs.models.build import Build
from kitlib.specs.models.communication import Communication
from kitlib.specs.models.container import Container
from kitlib.specs.models.infrastructure import Infrastructure
from kitlib.specs.models.local_cluster import LocalCluster
from kitlib.specs.naming import LIKE, SURE, closest
from kitlib.specs.problems import Loc
from kitlib.specs.readers import (
    ai_operations,
    architecture,
    container,
    infrastructure,
    local_cluster,
    yaml_kinds,
)
from kitlib.specs.sheet import Part, Sheet
from kitlib.specs.values import written


@dataclass(frozen=True)
class Kind:
    """A kind of specification.

    Args:
        name: as `kit spec init` and `kit spec schema` call it.
        title: what the document's first heading says, or for YAML what shows its kind.
        file: the name a document of it usually has.
        model: what it is read into.
        parts: for Markdown: the sections, given those that are there.
        named: for Markdown: reads the name behind the title's colon; none: there is no name.
        prepare: for YAML: brings the data into the model's shape.
        root: for YAML: the path in the document where the model's data starts.
        words: for YAML: what the document calls a field, where the model has another name.
    """

    name: str
    title: str
    file: str
    model: type[SpecModel]
    parts: Callable[[list[Section]], Sequence[Part]] | None = None
    named: Callable[[Sheet, Section, str], None] | None = None
    prepare: Callable[[Any, yaml_kinds.Fail], Any] | None = None
    root: Loc = ()
    words: Mapping[str, str] | None = None


KINDS = (
    Kind(
        "architecture",
        "Cloud-Native Architecture Specification",
        "architecture.md",
        Architecture,
        lambda _: architecture.PARTS,
    ),
    Kind(
        "communication",
        "communication",
        "communication.yaml",
        Communication,
        prepare=yaml_kinds.communication,
        root=("communication",),
        words={"brokers": "broker"},
    ),
    Kind(
        "container",
        "Container Specification",
        "containers/api.md",
        Container,
        lambda _: container.PARTS,
        named=container.title,
    ),
    Kind("build", "services", "build.yaml", Build, prepare=yaml_kinds.build),
    Kind(
        "local-cluster",
        "Local Kubernetes Development Setup",
        "local-cluster.md",
        LocalCluster,
        local_cluster.parts,
    ),
    Kind(
        "ai-operations",
        "AI Operations Specification",
        "ai-operations.md",
        AiOperations,
        lambda _: ai_operations.PARTS,
    ),
    Kind("agent", "AgentConfig", "agent.yaml", AgentConfig, prepare=yaml_kinds.agent),
    Kind(
        "infrastructure",
        "Infrastructure Specification",
        "infrastructure.md",
        Infrastructure,
        lambda _: infrastructure.PARTS,
        named=infrastructure.title,
    ),
)
MARKDOWN = tuple(kind for kind in KINDS if kind.parts)


@dataclass(frozen=True)
class Recognised:
    """The kind of a document.

    Args:
        kind: what it is, or is most likely meant to be; None: none of the kinds.
        exact: whether it says so without a slip.
        nearest: what should stand instead.
        name: what stands behind the title's colon.
    """

    kind: Kind | None
    exact: bool
    nearest: str | None = None
    name: str = ""


def by_title(title: str) -> Recognised:
    """The kind of a Markdown document by its first heading."""
    head, _, name = title.partition(":")
    titles = [kind.title for kind in MARKDOWN]
    best, likeness = closest(head, titles)
    kind = next((kind for kind in MARKDOWN if kind.title == best), None)
    exact = likeness == 1.0
    sure = kind if likeness >= SURE else None
    return Recognised(sure, exact, best if likeness >= LIKE else None, name.strip())


def by_shape(data: Any) -> Recognised:
    """The kind of a YAML document by its keys."""
    if not isinstance(data, Mapping):
        return Recognised(None, False)
    kinds = {kind.name: kind for kind in KINDS if kind.prepare}
    if "communication" in data:
        return Recognised(kinds["communication"], True)
    if data.get("kind") == "AgentConfig":
        return Recognised(kinds["agent"], True)
    if "kind" not in data and ("services" in data or "registry" in data):
        compose = any(key in data for key in ("volumes", "networks"))
        return Recognised(None, False) if compose else Recognised(kinds["build"], True)
    said = [written(data["kind"])[:100]] if "kind" in data else [str(key)[:100] for key in list(data)[:20]]
    known = {"communication": "communication", "AgentConfig": "agent", "services": "build"}
    rated = [(closest(word, list(known)), word) for word in said]
    (best, likeness), _ = max(rated, key=lambda pair: pair[0][1], default=((None, 0.0), ""))
    return Recognised(None, False, best if best and likeness >= SURE else None)


def kind_named(name: str) -> Kind | None:
    """A kind by its name, whatever its case."""
    wanted = re.sub(r"[\s_]+", "-", name.strip().lower())
    return next((kind for kind in KINDS if kind.name == wanted), None)
