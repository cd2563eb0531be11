"""What lesson 05 looks at: a specification, a command, the Deployment `shop`, an Ingress, rendered values."""

from __future__ import annotations

import ipaddress
import shlex
from typing import Any, cast

from kitlib.app.images import checkout
from kitlib.cluster import Cluster
from kitlib.errors import CommandFailed
from kitlib.lessons import local, web
from kitlib.lessons.outcome import Verdict, nothing, right, wrong
from kitlib.specs.models.local_cluster import LocalCluster
from kitlib.specs.reading import read_bytes

SPEC = "todo-app/specs/local-cluster.md"
POLICIES = "The server knows Always, IfNotPresent and Never, and no other."
TEXT = "An annotation's value is text: quote false."
NO_SCHEME = "A host is a name alone, without http:// and without a path."
REDIRECT = "nginx.ingress.kubernetes.io/ssl-redirect"
LOAD = ["kind", "load", "docker-image", "shop:dev-2", "--name", "lab"]
_ON_THIS_MACHINE = "127.0.0.1"


def machine(_: Cluster, answer: Any) -> Verdict:
    """05-1: the specification of a local cluster."""
    reading = read_bytes(str(answer).encode(), "local-cluster.md")
    if reading.findings:
        first = reading.findings[0]
        return wrong(first.found, f"Expected: {first.expected}.")
    spec = cast("LocalCluster", reading.spec)
    free, asked = spec.prerequisites.disk_gb, spec.disk_gb
    seen = f"Kubernetes {spec.kubernetes}, {asked} GB of {free} GB"
    if free < asked:
        return wrong(seen, "The node's disk may grow to more than is asked to be free: it fills the machine.")
    return right(seen)


def whole(_: Cluster) -> str:
    """Solves 05-1."""
    return (checkout() / SPEC).read_text(encoding="utf-8")


def counterpart(_: Cluster, answer: Any) -> Verdict:
    """05-2: the command with kind."""
    words = shlex.split(str(answer).replace("--name=", "--name "))
    if sorted(words) == sorted(LOAD) and words[:3] == LOAD[:3]:
        return right(shlex.join(words))
    if words[:2] == ["docker", "push"]:
        return wrong(answer, "A push goes to a registry; this image is to go from here into the nodes.")
    if words[:3] == ["kind", "image", "load"]:
        return wrong(answer, "Those are minikube's words: kind says load first, and then of what.")
    if "--profile" in words or "-p" in words:
        return wrong(answer, "A profile is minikube's; kind's clusters have a --name.")
    if words[:3] == LOAD[:3] and "--name" not in words:
        return wrong(answer, "Without --name it is the cluster called kind that gets the image.")
    return wrong(answer)


def load_with_kind(_: Cluster) -> str:
    """Solves 05-2."""
    return shlex.join(LOAD)


def pull_policy(cluster: Cluster, _: Any) -> Verdict:
    """05-3: whether a registry is asked."""
    found = cluster.find("Deployment", "shop")
    if found is None:
        return wrong("there is no Deployment shop", "It was deleted; lesson.reset() brings it back.")
    container = found.at("spec.template.spec.containers.0", {})
    seen = f"{container['image']}, {container.get('imagePullPolicy')}"
    if container["image"] != web.image(cluster):
        return wrong(seen, "Another image is no answer: this one is on the node already.")
    if container.get("imagePullPolicy") == "Always":
        return nothing(seen)
    return right(seen)


def never_pull(cluster: Cluster) -> None:
    """Solves 05-3."""
    container = {"name": "web", "imagePullPolicy": "IfNotPresent"}
    cluster.patch("Deployment", "shop", {"spec": {"template": {"spec": {"containers": [container]}}}})


def ingress(cluster: Cluster, _: Any) -> Verdict:
    """05-4: an Ingress for one's own machine."""
    found = cluster.find("Ingress", "shop")
    if found is None:
        return nothing("there is no Ingress shop")
    notes = found["metadata"].get("annotations") or {}
    host = found.at("spec.rules.0.host")
    seen = f"host {host}, ssl-redirect {notes.get(REDIRECT)}, tls {'yes' if found.at('spec.tls') else 'no'}"
    if host != "shop.local":
        return wrong(seen, "The host is shop.local, and a rule without one would answer to every name.")
    if found.at("spec.tls"):
        return wrong(seen, "Nobody signs a certificate for shop.local: leave tls out.")
    if REDIRECT not in notes:
        said = "The controller reads annotations of its own prefix only: nginx.ingress.kubernetes.io/"
        return wrong(seen, said if notes else "The controller may redirect to https: say that it must not.")
    if notes[REDIRECT] != "false":
        return wrong(seen, "It is to be off.")
    if found.at("spec.ingressClassName") != "nginx":
        return wrong(seen, "Who serves it is told by spec.ingressClassName: nginx.")
    return right(seen)


def hosts(_: Cluster, answer: Any) -> Verdict:
    """05-5: the address to write into the hosts file."""
    text = str(answer).strip()
    if text == _ON_THIS_MACHINE:
        return right(text)
    if text.startswith("minikube"):
        return wrong(text, "That prints an address inside Docker's virtual machine.")
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return wrong(text, "The hosts file maps names to addresses: write the address, in numbers.")
    return wrong(text, "Such an address lies inside Docker's virtual machine: on Linux it would do.")


def own_address(_: Cluster) -> str:
    """Solves 05-5."""
    return _ON_THIS_MACHINE


def values(_: Cluster, answer: Any) -> Verdict:
    """05-6: values, as the chart renders them."""
    try:
        objects = local.rendered(str(answer))
    except CommandFailed as error:
        said = error.message.partition("Error: ")[2] or error.message
        return wrong(said.strip(), "The chart's schema, or YAML itself, refuses these values.")
    spec = objects["Deployment", "todo-app-api"]["spec"]
    container = spec["template"]["spec"]["containers"][0]
    seen = f"{container['image']}, {container['imagePullPolicy']}, {spec.get('replicas', 'no')} replicas"
    if ("HorizontalPodAutoscaler", "todo-app-api") in objects:
        return wrong(seen, "An autoscaler is rendered, which owns the number of replicas: switch it off.")
    if not container["image"].endswith(":dev-2"):
        return wrong(seen, "The tag is to be dev-2: under a tag of its own, a build is rolled out.")
    if container["imagePullPolicy"] != "Never":
        return wrong(seen, "No registry has this image: Never says that none is to be asked.")
    return (
        right(seen) if spec.get("replicas") == 2 else wrong(seen, "replicaCount is beside image, below api.")
    )
