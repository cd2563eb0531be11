"""Specifications: claims that nothing can keep, and API groups that are not what they seem."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kitlib.checks.rule import Hit, rule
from kitlib.checks.targets import File, Project, dig, mapping, sequence


@rule(
    "file",
    "communication-exactly-once",
    "error",
    "No broker delivers exactly once",
    why="Kafka does so from topic to topic inside a transaction; as soon as a database or an HTTP call "
    "takes part, and with any other broker, a message can come twice",
    source="https://kafka.apache.org/documentation/#semantics",
)
def exactly_once(file: File) -> Iterator[Hit]:
    for document in file.documents:
        entries = sequence(dig(document.data, ("communication", "asynchronous")))
        for index, entry in enumerate(entries):
            delivery = re.sub(r"[\s_]", "-", str(mapping(entry).get("delivery", "")).lower())
            if delivery == "exactly-once":
                broker = mapping(entry).get("broker", "the broker")
                yield Hit(
                    file.at(document.line(("communication", "asynchronous", index, "delivery"))),
                    f"Exactly-once by {broker}",
                    "At-least-once, and consumers that bear a message twice",
                    "write delivery: At-least-once, and let consumers drop a message whose id they have seen",
                )


@rule(
    "project",
    "agent-crd-missing",
    "info",
    "No definition of this kind comes with the project",
    why="kagent.io/v1 AgentConfig is no upstream API: kagent's own is kagent.dev/v1alpha2 Agent, of "
    "another shape. Without its CustomResourceDefinition the server refuses the object",
    source="https://kagent.dev/docs/kagent/resources/api-ref",
)
def agent_crd(project: Project) -> Iterator[Hit]:
    objects = [item for bundle in project.bundles for item in bundle.objects]
    defined = {
        item.get("spec", "names", "kind")
        for item in objects
        if item.kind == "CustomResourceDefinition" and item.get("spec", "group") == "kagent.io"
    }
    for item in objects:
        if str(item.get("apiVersion", default="")).startswith("kagent.io/") and item.kind not in defined:
            yield Hit(
                item.at("apiVersion"),
                f"{item.get('apiVersion')} {item.kind}",
                "its CustomResourceDefinition beside it",
                "apply the definition that kitlib ships (manifests/crds/), or write the object for "
                "kagent.dev/v1alpha2",
            )
