"""What lesson 01 looks at: the audit, specifications that a learner wrote, and the Deployment `todo-page`."""

from __future__ import annotations

import re
from typing import Any, cast

from kitlib.app.images import checkout
from kitlib.cluster import Cluster
from kitlib.lessons.audit import SPEC, audit
from kitlib.lessons.outcome import Verdict, nothing, right, written, wrong
from kitlib.quantity import parse
from kitlib.specs.models.architecture import Architecture
from kitlib.specs.models.communication import Communication
from kitlib.specs.reading import read_bytes

PAGE = "todo-page"
QUOTE = "Environment variables are text: quote the number."
ENDS = "A pod that ends must not be started again for ending: restartPolicy Never, or OnFailure."
AGAIN = "A CronJob makes Jobs, again and again, and has their fields in jobTemplate; this is to run once."
GONE = "It was deleted; lesson.reset() brings it back."
_NEXT = "## Infrastructure Requirements"
_FROM = {"API_URL": "http://localhost:8000", "API_TIMEOUT_SECONDS": "300"}


def page() -> list[dict[str, Any]]:
    """The Deployment that exercises configure: no pod, an address and a timeout that are wrong."""
    labels = {"app.kubernetes.io/name": PAGE}
    env = [{"name": name, "value": value} for name, value in _FROM.items()]
    container = {"name": "page", "image": "todo-frontend:dev", "env": env}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    return [{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": PAGE}, "spec": spec}]


def _variable(cluster: Cluster, name: str) -> str | None:
    """A variable of todo-page; None where there is no such Deployment."""
    found = cluster.find("Deployment", PAGE)
    if found is None:
        return None
    env = found.at("spec.template.spec.containers.0.env", [])
    return next((str(item.get("value", "")) for item in env if item["name"] == name), "")


def factor(_: Cluster, answer: Any) -> Verdict:
    """01-1: which factor."""
    if isinstance(answer, int):
        return wrong(answer, "Its name is asked for, as the table has it.")
    found = audit(checkout()).factor(str(answer))
    if found is None:
        return wrong(answer, "That is no name in the table's first column.")
    if found.verdict == "kept":
        return wrong(answer, f"All of its evidence holds, such as: {found.evidence[0].says}.")
    against = next(item for item in found.evidence if not item.holds)
    return right(f"{found.factor}, but not: {against.says}")


def doubtful(_: Cluster) -> str:
    """Solves 01-1."""
    return next(item.factor for item in audit(checkout()) if item.verdict != "kept")


def downtime(_: Cluster, answer: Any) -> Verdict:
    """01-3: minutes of 30 days."""
    if not isinstance(answer, int | float):
        return wrong(repr(answer), "The answer is a number, of minutes.")
    if abs(answer - minutes()) < 0.5:
        return right(f"{answer:g} minutes")
    if abs(answer - minutes() / 60) < 0.01:
        return wrong(answer, "Those are hours: minutes are asked for.")
    if abs(answer - minutes() * 365 / 30) < 10:
        return wrong(answer, "That is for a year: 30 days are asked for.")
    if abs(answer - minutes() * 10) < 5:
        return wrong(answer, "That is what 99% would allow: one in a thousand is lost, not one in a hundred.")
    return wrong(answer)


def minutes(_: Cluster | None = None) -> float:
    """Solves 01-3: one thousandth of 30 days."""
    return 30 * 24 * 60 / 1000


def notifier(_: Cluster, answer: Any) -> Verdict:
    """01-2: the component's section, put into the application's own specification."""
    text = (checkout() / SPEC).read_text(encoding="utf-8").replace(_NEXT, f"{answer}\n{_NEXT}")
    reading = read_bytes(text.encode(), "architecture.md")
    if reading.spec is None:
        first = next(item for item in reading.findings if item.severity == "error")
        return wrong(first.found, f"Expected: {first.expected}.")
    service = cast("Architecture", reading.spec).service("notifier")
    if service is None:
        return wrong("no component notifier", "A component begins with its heading: ### Notifier Service")
    memory = service.resources
    counts = (service.replicas.minimum, service.replicas.maximum)
    seen = f"{counts[0]}-{counts[1]} replicas, memory {memory.memory_request}-{memory.memory_limit}"
    if counts != (1, 3):
        return wrong(seen, "The replicas are to be from 1 to 3.")
    if (parse(memory.memory_request), parse(memory.memory_limit)) != (parse("128Mi"), parse("256Mi")):
        return wrong(seen, "The memory is to be from 128Mi to 256Mi; 128M is less than 128Mi.")
    return (
        right(seen)
        if service.calls == ("cache",)
        else wrong(seen, "It is to call the cache, and nothing else.")
    )


def delivery(_: Cluster, answer: Any) -> Verdict:
    """01-4: what is promised of messages."""
    text = re.sub(r"(?i)\b(at-least|at-most|exactly)-once\b", lambda m: m[0].capitalize(), str(answer))
    reading = read_bytes(text.encode(), "communication.yaml")
    if reading.spec is None:
        first = next(item for item in reading.findings if item.severity == "error")
        return wrong(first.found, f"Expected: {first.expected}.")
    spec = cast("Communication", reading.spec)
    if not spec.asynchronous:
        return wrong("no asynchronous entry", "The event stream is what this is about: keep it.")
    promised = spec.asynchronous[0].delivery
    if promised == "At-least-once":
        return right(promised)
    if promised == "At-most-once":
        return wrong(promised, "What a crash interrupts would be missing from the audit log for ever.")
    return wrong(promised, "; ".join(item.why for item in reading.findings))


def discovery(cluster: Cluster, _: Any) -> Verdict:
    """01-5: the API's address."""
    url = _variable(cluster, "API_URL")
    if url is None:
        return wrong(f"there is no Deployment {PAGE}", GONE)
    if url == _FROM["API_URL"]:
        return nothing(f"API_URL is {url} still: in a pod, localhost is the pod itself")
    address = url.removeprefix("http://").rstrip("/")
    names = ("api", f"api.{cluster.namespace}")
    good = {
        name + tail
        for name in (*names, f"{names[1]}.svc", f"{names[1]}.svc.cluster.local")
        for tail in ("", ":80")
    }
    if url.startswith("https://"):
        return wrong(url, "The Service is asked without TLS: http://")
    if not url.startswith("http://"):
        return wrong(url, "A URL begins with its scheme: http://")
    if address in good:
        return right(url)
    host, _, port = address.partition(":")
    if host in good and port:
        return wrong(url, "Clients call the Service's port, 80; it knows its pods' own.")
    if host.startswith("api."):
        return wrong(
            url, f"After the Service comes its namespace, {cluster.namespace}, then svc.cluster.local."
        )
    if host.replace(".", "").isdigit():
        return wrong(url, "An address changes when the Service is made anew; its name stays.")
    return wrong(url, "It is the Service's name that DNS knows: api.")


def point_at_api(cluster: Cluster) -> None:
    """Solves 01-5."""
    variable = {"name": "API_URL", "value": "http://api"}
    change = {"spec": {"template": {"spec": {"containers": [{"name": "page", "env": [variable]}]}}}}
    cluster.patch("Deployment", "todo-page", change)


def timeout(cluster: Cluster, _: Any) -> Verdict:
    """01-6: how long the page waits."""
    value = _variable(cluster, "API_TIMEOUT_SECONDS")
    if value is None:
        return wrong(f"there is no Deployment {PAGE}", GONE)
    if value == _FROM["API_TIMEOUT_SECONDS"]:
        return nothing(f"API_TIMEOUT_SECONDS is {value} still")
    if value in ("10", "10.0"):
        return right(value)
    if value == "10000":
        return wrong(value, "The name says it: seconds, not milliseconds.")
    if value.endswith("s"):
        return wrong(value, "The unit is in the name already: the value is the number alone.")
    return wrong(value, "The communication specification says how long: timeout, of REST.")


def set_timeout(cluster: Cluster) -> None:
    """Solves 01-6."""
    variable = {"name": "API_TIMEOUT_SECONDS", "value": "10"}
    change = {"spec": {"template": {"spec": {"containers": [{"name": "page", "env": [variable]}]}}}}
    cluster.patch("Deployment", "todo-page", change)


def once(cluster: Cluster, _: Any) -> Verdict:
    """01-7: what runs once."""
    found = cluster.find("Job", "plugins")
    if found is None:
        if cluster.find("Pod", "plugins"):
            return wrong("a Pod plugins", "Nobody starts a bare pod again when its node goes: a Job does.")
        if cluster.find("Deployment", "plugins"):
            return wrong("a Deployment plugins", "A Deployment starts again whatever ends, for ever.")
        return nothing("there is no Job plugins")
    arguments = found.at("spec.template.spec.containers.0.args", [])
    if arguments != ["-plugins"]:
        return wrong(f"args {written(arguments)}", "Without -plugins the program serves, and never ends.")
    return right(f"a Job, restartPolicy {found.at('spec.template.spec.restartPolicy')}")
