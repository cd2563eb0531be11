"""What the pod says against what its image is: ports and users."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kitlib.checks.agreement import Disagreement, settled
from kitlib.checks.dockerfiles import Stage
from kitlib.checks.images import deployed
from kitlib.checks.rule import Hit, rule
from kitlib.checks.targets import Container, KubeObject, Project, mapping, sequence

PORT_OPTION = re.compile(r"^(--port|-p|--bind|-b|--http-port)(=(.*))?$")
EXPOSE = "https://docs.docker.com/reference/dockerfile/#expose"


def container_ports(container: Container) -> list[tuple[int, int]]:
    """Index and number of a container's ports."""
    entries = [mapping(entry).get("containerPort") for entry in sequence(container.get("ports"))]
    return [(index, number) for index, number in enumerate(entries) if isinstance(number, int)]


def listening_port(words: Sequence[str], variables: dict[str, str]) -> int | None:
    """The port a server's command listens on: an option of it, or the variable PORT; None without both."""
    flat = " ".join(words).split()
    for position, word in enumerate(flat):
        if match := PORT_OPTION.match(word):
            value = match[3] if match[2] else next(iter(flat[position + 1 :]), "")
            number = value.rpartition(":")[2]
            if number.isdecimal():
                return int(number)
    number = variables.get("PORT", "")
    return int(number) if number.isdecimal() else None


@rule(
    "project",
    "port-not-exposed",
    "warning",
    "The container's port is not in the image's EXPOSE",
    why="EXPOSE is how an image says where it listens: either the pod names a port that nobody serves, or "
    "the Dockerfile leaves one out",
    source=EXPOSE,
)
def not_exposed(project: Project) -> Iterator[Hit]:
    found: list[Disagreement] = []
    pods: set[tuple[str, str]] = set()
    for item, container, file, stage in deployed(project):
        exposed, last = stage.ports, stage.last("EXPOSE")
        place = file.at(last.line if last else stage.line)
        for index, number in container_ports(container):
            pods.add((file.path, pod_name(item, container)))
            if number not in exposed:
                hit = Hit(
                    str(container.at("ports", index, "containerPort")),
                    f"{number} in {container.name}; {place} exposes {_list(exposed) or 'nothing'}",
                    "the same ports in both places",
                    f"write `EXPOSE {_list(exposed | {number}).replace(',', '')}` in {file.path}, or mend "
                    "the containerPort",
                )
                found.append(Disagreement(file.path, number, pod_name(item, container), hit, place))
    yield from settled(found, pods)


def _list(ports: set[int]) -> str:
    return ", ".join(map(str, sorted(ports)))


def pod_name(item: KubeObject, container: Container) -> str:
    """A container, unmistakably."""
    return f"{item.bundle.name} {item.kind} {item.name} {container.name}"


@rule(
    "project",
    "port-not-served",
    "error",
    "The image listens on another port than the pod says",
    why="probes and Services go to a port where nothing listens: connection refused, the pod never "
    "becomes Ready",
    source="https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports",
)
def not_served(project: Project) -> Iterator[Hit]:
    found: list[Disagreement] = []
    pods: set[tuple[str, str]] = set()
    for item, container, file, stage in deployed(project):
        ports = [number for _, number in container_ports(container)]
        if container.init or not ports:
            continue
        pods.add((file.path, pod_name(item, container)))
        entries = [mapping(entry) for entry in sequence(container.get("env"))]
        variables = stage.environment | {str(e.get("name")): str(e["value"]) for e in entries if "value" in e}
        own = [str(word) for key in ("command", "args") for word in sequence(container.get(key))]
        number = listening_port(own or stage.command, variables)
        if number is not None and number not in ports:
            command = stage.last("CMD") or stage.last("ENTRYPOINT")
            place = file.at(command.line if command else stage.line)
            source = "its own command" if own else place
            hit = Hit(
                str(container.at("ports", container_ports(container)[0][0], "containerPort")),
                f"{_list(set(ports))} in {container.name}; {source} listens on {number}",
                f"containerPort: {number}",
                f"write containerPort: {number}, and the same in the Service's targetPort and the probes "
                "if they are numbers",
            )
            subject = pod_name(item, container) if own else number
            found.append(Disagreement(file.path, subject, pod_name(item, container), hit, place))
    yield from settled(found, pods)


def _pod_uid(container: Container) -> tuple[int, tuple[str, ...]] | None:
    """runAsUser of a container, its own or its pod's, and where it stands."""
    own = container.get("securityContext", "runAsUser")
    if isinstance(own, int):
        return own, (*map(str, container.path), "securityContext", "runAsUser")
    pod = container.owner.pod_path or ()
    value = container.owner.get(*pod, "securityContext", "runAsUser")
    return (value, (*pod, "securityContext", "runAsUser")) if isinstance(value, int) else None


def _image_user(stage: Stage) -> str:
    if stage.uid is not None:
        return str(stage.uid)
    return f"{stage.user}, whose number is left to chance" if stage.user else "root"


@rule(
    "project",
    "pod-user-not-image-user",
    "warning",
    "The pod runs as another user than the image is made for",
    why="files and folders belong to the image's user, who then isn't the one that runs: writes are "
    "refused, and the user has no name and no home",
    source="https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",
)
def user_differs(project: Project) -> Iterator[Hit]:
    found: list[Disagreement] = []
    pods: set[tuple[str, str]] = set()
    for item, container, file, stage in deployed(project):
        pod, user = _pod_uid(container), stage.last("USER")
        if pod is None:
            continue
        pods.add((file.path, pod_name(item, container)))
        roots = pod[0] == 0 or stage.user in ("0", "root")  # other rules say what is wrong with those
        if pod[0] != stage.uid and not roots:
            place = file.at(user.line if user else stage.line)
            own = container.get("securityContext", "runAsUser") is not None
            where = container.at("securityContext", "runAsUser") if own else item.at(*pod[1])
            hit = Hit(
                str(where),
                f"runAsUser: {pod[0]}; {place} runs as {_image_user(stage)}",
                "the same number in both places",
                f"make the user with --uid {pod[0]} and write USER {pod[0]}:{pod[0]} in {file.path}",
            )
            found.append(Disagreement(file.path, pod[0], pod_name(item, container), hit, place))
    yield from settled(found, pods)
