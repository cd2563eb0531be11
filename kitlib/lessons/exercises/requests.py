"""What lesson 06 looks at: `till` and `shop`, requests in plain words, and the rules of an agent."""

from __future__ import annotations

from typing import Any, cast

import yaml

from kitlib.agent import starting
from kitlib.agent.agent import Agent
from kitlib.agent.conditions import Condition
from kitlib.agent.judging import rules_of
from kitlib.agent.operations import OperationsPolicy, from_spec
from kitlib.app.images import checkout
from kitlib.asking import Verdict as Said
from kitlib.asking import ask
from kitlib.asking.proposing import Proposal
from kitlib.cluster import Cluster
from kitlib.lessons import web
from kitlib.lessons.outcome import Verdict, nothing, right, written, wrong
from kitlib.policy import current
from kitlib.specs.models.agent import AgentConfig
from kitlib.specs.models.ai_operations import AiOperations
from kitlib.specs.reading import read_bytes
from kitlib.specs.result import Reading
from kitlib.wording import counted

OPERATIONS, AGENT = "todo-app/specs/ai-operations.md", "todo-app/specs/agent.yaml"
GONE = "It was deleted; lesson.reset() brings it back."
NOWHERE = {"disk": "fast"}  # a label that no node has
REQUESTS = {
    "a": "delete namespace shop",
    "b": "scale deployment shop to 0",
    "c": "kubectl delete networkpolicy closed",
    "d": "restart deployment shop",
    "e": "delete the PVC data",
}
TRIED = (0, 1, 2, 3, 4, 5, 6, 7, 10, 100, 10_000)  # restarts that a condition is tried with
_SELECTOR = "spec.template.spec.nodeSelector"


def till(cluster: Cluster) -> list[dict[str, Any]]:
    """The Deployment that no node takes, and its ConfigMap."""
    objects = web.deployment(cluster, "till")
    objects[1]["spec"]["template"]["spec"]["nodeSelector"] = NOWHERE
    return objects


def cause(_: Cluster, answer: Any) -> Verdict:
    """06-1: which field."""
    said = str(answer).strip()
    if "nodeSelector" in said:
        return right(_SELECTOR)
    if "replicas" in said:
        return wrong(said, "The pod is there, and waits: more of them would wait as well.")
    if "image" in said:
        return wrong(said, "No node has pulled the image yet: the pod has no node at all.")
    return wrong(said, "That is not what the scheduler's event is about.")


def field_of_the_cause(_: Cluster) -> str:
    """Solves 06-1."""
    return _SELECTOR


def mended(cluster: Cluster, _: Any) -> Verdict:
    """06-2: till's pods have a place."""
    found = cluster.find("Deployment", "till")
    if found is None:
        return wrong("there is no Deployment till", GONE)
    selector = found.at(_SELECTOR, None)
    if selector == NOWHERE:
        return nothing(f"nodeSelector {written(selector)}")
    if not found.at("spec.replicas", 1):
        return wrong("0 replicas", "Then nothing waits, and nothing sells: a pod is wanted.")
    nodes = [node for node in cluster.list("Node") if (selector or {}).items() <= node.labels.items()]
    if not nodes:
        return wrong(
            f"nodeSelector {written(selector)}", "No node has that label either: look at the nodes' labels."
        )
    return right(f"{counted(len(nodes), 'node')} will do")


def mend(cluster: Cluster) -> None:
    """Solves 06-2."""
    cluster.patch("Deployment", "till", {"spec": {"template": {"spec": {"nodeSelector": None}}}})


def prohibited(cluster: Cluster, answer: Any) -> Verdict:
    """06-3: which of the requests."""
    said = {letter for letter in str(answer).lower() if letter.isalpha()}
    expected = set(prohibited_letters(cluster))
    if said == expected:
        return right(", ".join(sorted(said)))
    if not said <= set(REQUESTS):
        return wrong(answer, "The letters before the requests are asked for, such as bd.")
    if extra := said - expected:
        names = "; ".join(REQUESTS[letter] for letter in sorted(extra))
        return wrong(answer, f"That needs a yes, and can be taken back: {names}.")
    names = "; ".join(REQUESTS[letter] for letter in sorted(expected - said))
    return wrong(answer, f"One is missing: what is lost with it? {names}.")


def prohibited_letters(_: Cluster) -> str:
    """Solves 06-3: by asking, without carrying anything out."""
    return "".join(
        letter
        for letter, text in REQUESTS.items()
        if ask(text, mode="suggest", model=False).status == "refused"
    )


def yes(_: Proposal) -> Said:
    """Approves a proposal: who runs the cell has read it."""
    return Said("yes")


def scaled(cluster: Cluster, _: Any) -> Verdict:
    """06-4: how many, and through what."""
    found = cluster.find("Deployment", "shop")
    if found is None:
        return wrong("there is no Deployment shop", GONE)
    count = found.at("spec.replicas", 1)
    if count == 1:
        return nothing("1 replica")
    if count != 3:
        return wrong(f"{count} replicas", "Three are wanted; say the number.")
    actors = _asked_for_three(found.at("metadata.uid"))
    if not actors:
        message = "The number is right; go back to 1, and ask for it in words, with ask."
        return wrong("3 replicas, made otherwise", message)
    return right(f"3 replicas, by {actors[-1]}")


def _asked_for_three(uid: str) -> list[str]:
    """Who gave this object three replicas by a request; what was done and taken back since does not count."""
    begun = [entry for entry in current().audit.read() if entry.get("event") == "begin"]
    mine = [entry for entry in begun if entry["action"].get("uid") == uid]
    three = [entry for entry in mine if "+ spec.replicas: 3" in entry["action"].get("diff", ())]
    return [str(entry["actor"]) for entry in three if "kit ask" in str(entry["actor"])]


def ask_for_three(cluster: Cluster) -> None:
    """Solves 06-4."""
    ask("scale deployment shop to 3 replicas", cluster, model=False, decide=yes, wait_seconds=0)


def row(_: Cluster, answer: Any) -> Verdict:
    """06-5: the row, put into the application's own specification."""
    text = (checkout() / OPERATIONS).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("| Pod restart")]
    place = next(number for number, line in enumerate(lines) if line.startswith("|----"))
    lines[place + 1 : place + 1] = str(answer).strip().splitlines()
    reading = read_bytes("\n".join(lines).encode(), "ai-operations.md")
    if not isinstance(reading.spec, AiOperations):
        first = next(item for item in reading.findings if item.severity == "error")
        return wrong(first.found, f"Expected: {first.expected}.")
    policy, findings = from_spec(Reading(**{**vars(reading), "spec": reading.spec}))
    if findings:
        return wrong(findings[0].found, f"An agent can't observe or do that: {findings[0].expected}.")
    return _restarts(policy)


def _restarts(policy: OperationsPolicy) -> Verdict:
    found = [item for item in policy.permissions if item.name.lower() == "pod restart"]
    if not found:
        return wrong("no row Pod restart", "The action is called Pod restart.")
    seen = f"{found[0].trigger.text}, {'Auto' if found[0].automatic else 'Manual'}"
    if not found[0].automatic:
        return wrong(seen, "Manual waits for a person: without asking is Auto.")
    if found[0].trigger.window.total_seconds() != 600:
        return wrong(seen, "Ten minutes are wanted: a pod may need some to find its database.")
    return right(seen)


def rule(_: Cluster, answer: Any) -> Verdict:
    """06-6: the rule, put into the agent's own configuration.

    Raises:
        SettingsError: its condition means nothing.
    """
    try:
        entry = yaml.safe_load(str(answer))
    except yaml.YAMLError as error:
        return wrong("no YAML", str(error).splitlines()[0])
    config = yaml.safe_load((checkout() / AGENT).read_text(encoding="utf-8"))
    config["spec"]["monitoring"] = [entry]
    reading = read_bytes(yaml.safe_dump(config).encode(), "agent.yaml")
    if not isinstance(reading.spec, AgentConfig):
        first = next(item for item in reading.findings if item.severity == "error")
        return wrong(first.found, f"Expected: {first.expected}.")
    when = rules_of(reading.spec, OperationsPolicy())[0].when
    if entry["action"] != "diagnose":
        return wrong(entry["action"], "Looking is what is wanted: diagnose changes nothing.")
    return _sixth(cast("Condition", when))


def _sixth(when: Condition) -> Verdict:
    """Whether a condition is true from the sixth restart on, however it is written."""
    if when.facts != {"pod": ("restartCount",)}:
        return wrong(when.text, "Only the number of restarts decides: pod.restartCount.")
    if all(when.holds({"pod": {"restartCount": count}}) == (count > 5) for count in TRIED):
        return right(when.text)
    return wrong(when.text, "More than five: false for 5, true for 6 and for all above.")


def agent(cluster: Cluster) -> Agent:
    """The application's agent, for the lesson's namespace, with a memory of its own.

    Raises:
        SettingsError: a line of its configuration means nothing.
    """
    config = starting.load_config(checkout() / AGENT)
    scope = config.spec.scope.model_copy(update={"namespaces": (cluster.namespace,)})
    spec = config.spec.model_copy(update={"scope": scope})
    metadata = config.metadata.model_copy(update={"name": cluster.namespace})
    chosen = config.model_copy(update={"spec": spec, "metadata": metadata})
    policy = starting.load_policy(checkout() / OPERATIONS, checkout() / AGENT)
    return starting.make(chosen, cluster, policy, listener=starting.slack(chosen))
