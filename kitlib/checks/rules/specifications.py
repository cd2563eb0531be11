"""Specifications: claims that nothing can keep, and API groups that are not what they seem."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kitlib.checks.rule import Hit, rule
from kitlib.checks.targets import File, Project, dig, mapping, sequence

_EXPECTED = "At-least-once, and consumers that bear a message twice"
_FIX = "write delivery: At-least-once, and let consumers drop a message whose id they have seen"


@rule(
    "file",
    "communication-exactly-once",
    "error",
    "The broker does not deliver exactly once",
    why="RabbitMQ and Redis deliver again whatever was not acknowledged in time: a message can come twice",
    source="https://www.rabbitmq.com/docs/confirms#automatic-requeueing",
)
def exactly_once(file: File) -> Iterator[Hit]:
    yield from (hit for hit, kafka in _claims(file) if not kafka)


@rule(
    "file",
    "communication-exactly-once-kafka",
    "warning",
    "Kafka delivers exactly once only within its own transactions",
    why="from topic to topic inside a transaction the claim holds; as soon as a database or an HTTP call "
    "takes part, a message can come twice",
    source="https://kafka.apache.org/documentation/#semantics",
)
def exactly_once_kafka(file: File) -> Iterator[Hit]:
    yield from (hit for hit, kafka in _claims(file) if kafka)


def _claims(file: File) -> Iterator[tuple[Hit, bool]]:
    """The claims of exactly-once delivery, and whether Kafka alone is to keep them."""
    for document in file.documents:
        entries = sequence(dig(document.data, ("communication", "asynchronous")))
        for index, entry in enumerate(map(mapping, entries)):
            delivery = re.sub(r"[\s_]", "-", str(entry.get("delivery", "")).lower())
            if delivery == "exactly-once":
                broker = str(entry.get("broker", "the broker"))
                where = file.at(document.line(("communication", "asynchronous", index, "delivery")))
                hit = Hit(where, f"Exactly-once by {broker}", _EXPECTED, _FIX)
                yield hit, broker.strip().lower() == "kafka"


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
