"""The commands for local clusters, side by side; minikube's are those that kit itself would run."""

from __future__ import annotations

import html
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from kitlib import markup
from kitlib.cluster.providers import UpOptions, minikube


@dataclass(frozen=True)
class Row:
    """One purpose.

    Args:
        group, purpose: what it is for.
        minikube, kind, kit: the command of each; empty: it has none.
        note: what to know before typing it.
    """

    group: str
    purpose: str
    minikube: str
    kind: str
    kit: str
    note: str = ""


class Reference(tuple[Row, ...]):
    """The rows; shows itself as a table."""

    __slots__ = ()

    def about(self, word: str) -> Reference:
        """The rows that have a word in their group, purpose or commands."""
        return Reference(row for row in self if any(word.lower() in text.lower() for text in _texts(row)))

    def __repr__(self) -> str:
        return "\n".join(
            f"{row.purpose}\n  minikube: {row.minikube}\n  kind: {row.kind}\n  kit: {row.kit}" for row in self
        )

    def _repr_html_(self) -> str:
        heads = ("", "Purpose", "minikube", "kind", "kit", "Note")
        return markup.table(heads, map(_cells, self))


def _texts(row: Row) -> tuple[str, ...]:
    return (row.group, row.purpose, row.minikube, row.kind, row.kit)


def _cells(row: Row) -> Sequence[str]:
    code = [f"<code>{html.escape(text)}</code>" if text else "" for text in (row.minikube, row.kind, row.kit)]
    return (html.escape(row.group), html.escape(row.purpose), *code, html.escape(row.note))


def commands(name: str, machine: minikube.Machine = minikube.DEFAULT) -> Reference:
    """All of them.

    Args:
        name: of the cluster.
        machine: what minikube is to make.
    """
    rows = (*_cluster(name, machine), *_addons(name), *_images(name), *_network(name), *_trouble(name))
    return Reference(Row(*row) for row in rows)


def _line(command: Sequence[str]) -> str:
    return shlex.join(command)


def _cluster(name: str, machine: minikube.Machine) -> list[tuple[str, ...]]:
    group, node = "cluster", f"{name}-control-plane"
    start = _line(minikube.start_command(name, UpOptions(), machine))
    return [
        (group, "make it", start, f"kind create cluster --name {name}", f"kit cluster up --name {name}",
         "minikube start also starts a stopped one"),
        (group, "stop it, and keep it", f"minikube stop --profile {name}", f"docker stop {node}", "",
         f"kind has no stop; kit cluster up starts {name} again"),
        (group, "remove it", _line(minikube.delete_command(name)), f"kind delete cluster --name {name}",
         f"kit cluster down --name {name}"),
        (group, "how it is", _line(minikube.status_command(name)), f"kubectl get nodes --context kind-{name}",
         f"kit cluster status --name {name}"),
        (group, "which there are", _line(minikube.list_command()), "kind get clusters", ""),
        (group, "its address", f"minikube ip --profile {name}", f"docker inspect {node}", "",
         "inside Docker's virtual machine on macOS and Windows"),
    ]  # fmt: skip


def _addons(name: str) -> list[tuple[str, ...]]:
    group = "add-ons"
    on, off = (_line(minikube.switch_addon_command(name, "ingress", on=on)) for on in (True, False))
    return [
        (group, "which there are", _line(minikube.list_addons_command(name)), "",
         f"kit cluster addons --name {name}", "kind brings none: apply their manifests"),
        (group, "switch one on", on, "", f"kit cluster addons enable ingress --name {name}"),
        (group, "switch one off", off, "", f"kit cluster addons disable ingress --name {name}"),
    ]  # fmt: skip


def _images(name: str) -> list[tuple[str, ...]]:
    group, image = "images", "todo-api:dev-2"
    return [
        (group, "bring one in", _line(minikube.load_command(name, [image])),
         f"kind load docker-image {image} --name {name}", f"kit cluster load {image} --name {name}",
         "under a tag that the node knows, minikube keeps the old image"),
        (group, "build inside", _line(minikube.build_command(name, image, "todo-app/backend")), "", "",
         "works with every container runtime"),
        (group, "use the node's Docker", f'eval "$(minikube docker-env --profile {name})"', "", "",
         "needs the Docker runtime in the node; containerd is becoming the default"),
        (group, "and one's own again", f'eval "$(minikube docker-env --unset --profile {name})"', "", ""),
        (group, "build and bring in the application", "", "", "kit app up"),
    ]  # fmt: skip


def _network(name: str) -> list[tuple[str, ...]]:
    group = "network"
    return [
        (group, "addresses for LoadBalancer Services", f"minikube tunnel --profile {name}",
         "cloud-provider-kind", "", "runs until it is ended; asks for a password"),
        (group, "a Service from this machine", f"minikube service todo-app-api --url --profile {name}",
         "kubectl port-forward service/todo-app-api 8000:80", "cluster.call_service, in a notebook"),
        (group, "a page about the cluster", f"minikube dashboard --profile {name}", "",
         "kitlib.widgets, in a notebook"),
    ]  # fmt: skip


def _trouble(name: str) -> list[tuple[str, ...]]:
    group, node, events = "trouble", f"{name}-control-plane", "kubectl get events --sort-by=.lastTimestamp"
    return [
        (group, "the logs of it", f"minikube logs --profile {name}", f"kind export logs --name {name}", ""),
        (group, "into the node", f"minikube ssh --profile {name}", f"docker exec -it {node} bash", ""),
        (group, "what happened last", events, events, "kit diagnose"),
    ]  # fmt: skip
