"""What lesson 02 looks at: specifications and files that a learner wrote, and the Deployment `shop`."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from kitlib.cluster import Cluster
from kitlib.errors import UsageError
from kitlib.lessons.outcome import Verdict, nothing, right, written, wrong
from kitlib.lessons.workshop import checked
from kitlib.specs.models.base import SpecModel
from kitlib.specs.models.build import Build
from kitlib.specs.models.container import Container
from kitlib.specs.reading import read_bytes
from kitlib.specs.result import Reading

IMAGE = """\
ARG PYTHON_IMAGE=python:3.11-slim
FROM ${{PYTHON_IMAGE}}
RUN groupadd --gid 1000 app && useradd --uid 1000 --gid 1000 app
WORKDIR /app
COPY app ./app
{user}
EXPOSE 8000
{command}
"""
USER = "USER 1000:1000"
COMMAND = 'CMD ["uvicorn", "app.main:create_app", "--factory", "--host", "0.0.0.0", "--port", "8000"]'
_UNREADABLE = "It can't be read as it is: below is what was found, and after the colon what is expected."
_USERS = {
    "docker-user-root": "Root in a container is root to the kernel: choose the user that was made.",
    "docker-user-named": "runAsNonRoot can't tell a name from root, and refuses the pod: write its number.",
}
_COMMANDS = {  # in this order: the first that is not kept is told
    "docker-shell-form": "A shell would be process 1, and SIGTERM would not reach the server: write a list.",
    "docker-binds-loopback": "127.0.0.1, uvicorn's own choice, is the container's own: say --host 0.0.0.0.",
}
_COMPOSE = {
    "compose-depends-on": "That waits until the container has started, not until the database answers.",
    "compose-healthcheck": "Healthy is what a healthcheck says, and db has none.",
}


def _document(answer: Any, file: str, model: type[SpecModel]) -> Reading[SpecModel]:
    reading = read_bytes(str(answer).encode(), file)
    if reading.spec is not None and not isinstance(reading.spec, model):
        raise UsageError(f"that is a {reading.kind} specification")
    return reading


def _errors(reading: Reading[SpecModel]) -> str:
    return "; ".join(f"{item.found}: {item.expected}" for item in reading.findings)


def specified(_: Cluster, answer: Any) -> Verdict:
    """02-1: a container's specification."""
    reading = _document(answer, "notifier.md", Container)
    spec = reading.spec
    if not isinstance(spec, Container):
        if any(item.id == "spec-placeholder" for item in reading.findings):
            return wrong(_errors(reading), "The brackets are the template's: put the service's name there.")
        return wrong(_errors(reading), _UNREADABLE)
    security, limits = spec.security, spec.resources
    seen = f"{spec.name}: UID {security.uid}, memory limit {limits.memory_limit}"
    if not security.non_root or security.uid == 0:
        return wrong(seen, "UID 0 is root: the user is to be 1000.")
    if security.uid != 1000:
        return wrong(seen, "The user is to be 1000, as everywhere in this application.")
    return right(seen) if spec.name == "notifier" else wrong(seen, "The service is called Notifier.")


def user(_: Cluster, answer: Any) -> Verdict:
    """02-2: who runs in the container."""
    line = _one(answer, "USER")
    said = _first(checked("Dockerfile", IMAGE.format(user=line, command=COMMAND)), _USERS)
    if said:
        return wrong(line, said)
    if re.fullmatch(r"USER\s+1000(:1000)?", line):
        return right(line)
    return wrong(line, "The user made above has the number 1000.")


def command(_: Cluster, answer: Any) -> Verdict:
    """02-3: how the server is started."""
    line = _one(answer, "CMD")
    said = _first(checked("Dockerfile", IMAGE.format(user=USER, command=line)), _COMMANDS)
    if said:
        return wrong(line, said)
    try:
        words = json.loads(line.removeprefix("CMD"))
    except json.JSONDecodeError:
        return wrong(line, _COMMANDS["docker-shell-form"])
    if any(" " in word for word in words[:1]):
        return wrong(line, "No program is called so: each word is an element of the list.")
    if words[:1] != ["uvicorn"] or "0.0.0.0" not in words:
        return wrong(line, "The program is uvicorn, and its --host 0.0.0.0: all addresses.")
    return right(line)


def compose(_: Cluster, answer: Any) -> Verdict:
    """02-4: an API that waits for its database."""
    said = _first(checked("docker-compose.yml", str(answer)), _COMPOSE)
    try:
        services = yaml.safe_load(str(answer))["services"]
        waits = services["api"]["depends_on"]
        test = services["db"].get("healthcheck")
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        return wrong("not that shape", "It is to be YAML: services, with api (depends_on) and db.")
    seen = f"depends_on: {written(waits)}; db's healthcheck: {written(test)}"
    if not test:
        return wrong(seen, _COMPOSE["compose-healthcheck"])
    if isinstance(waits, dict) and isinstance(waits.get("db"), str):
        return wrong(seen, "What is waited for is a field: {db: {condition: …}}.")
    if said:
        return wrong(seen, said)
    if isinstance(waits, dict) and waits.get("db") == {"condition": "service_healthy"}:
        return right(seen)
    return wrong(seen, _COMPOSE["compose-depends-on"])


def built(_: Cluster, answer: Any) -> Verdict:
    """02-5: a build specification."""
    if re.search(r"secret: *\$\{", str(answer)):
        return wrong("a variable", "The secret's name alone, without ${}: the pipeline looks it up.")
    reading = _document(answer, "build.yaml", Build)
    spec = reading.spec
    if not isinstance(spec, Build):
        if any(item.title.endswith("> secret") for item in reading.findings):
            return wrong("a token", "A specification is committed: give the secret's name, not its value.")
        return wrong(_errors(reading), _UNREADABLE)
    image = spec.services.get("notifier")
    if image is None:
        return wrong(", ".join(spec.services), "The service is called notifier.")
    seen = f"{', '.join(image.platforms)}; scan: {image.scan}"
    if {"linux/amd64", "linux/arm64"} - set(image.platforms):
        return wrong(seen, "Nodes of the other architecture could not run it: two platforms.")
    if not image.scan or spec.scanning is None or not spec.scanning.fail_on_vulnerability:
        return wrong(seen, "A scan that is off, or that nothing fails for, holds nothing back.")
    return right(seen)


def hardened(cluster: Cluster, _: Any) -> Verdict:
    """02-6: a container with as few rights as it needs."""
    found = cluster.find("Deployment", "shop")
    if found is None:
        return wrong("there is no Deployment shop", "lesson.reset() brings it back.")
    pod = found.at("spec.template.spec", {})
    of_pod, own = pod.get("securityContext") or {}, pod["containers"][0].get("securityContext") or {}
    seen = f"pod: {written(of_pod)}; container: {written(own)}"
    if not of_pod and not own:
        return nothing("neither the pod nor its container has a securityContext")
    if own.get("privileged"):
        return wrong(seen, "Privileged is the opposite: it may do whatever the node may.")
    both = of_pod | own
    if not both.get("runAsNonRoot"):
        return wrong(seen, "runAsUser alone is not what *restricted* asks for: runAsNonRoot as well.")
    if own.get("capabilities", {}).get("drop") != ["ALL"]:
        return wrong(seen, "It still has the runtime's usual capabilities: drop ALL.")
    wanted = {"runAsNonRoot": True, "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True}
    missing = [key for key, value in wanted.items() if both.get(key) is not value]
    if both.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        missing.append("seccompProfile")
    return (
        wrong(seen, f"Not yet what *restricted* asks for: {', '.join(missing)}.") if missing else right(seen)
    )


def harden(cluster: Cluster) -> None:
    """Solves 02-6."""
    own = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    pod = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
    change = {"securityContext": pod, "containers": [{"name": "web", "securityContext": own}]}
    cluster.patch("Deployment", "shop", {"spec": {"template": {"spec": change}}})


def _one(answer: Any, instruction: str) -> str:
    lines = str(answer).strip().splitlines()
    if len(lines) != 1 or not re.match(rf"{instruction}\s+\S", lines[0]):
        raise UsageError(f"one line that begins with {instruction} is asked for")
    return lines[0]


def _first(findings: Any, messages: dict[str, str]) -> str:
    ids = {item.id for item in findings}
    return next((message for id, message in messages.items() if id in ids), "")
