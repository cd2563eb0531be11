"""The agent against the rules of its operation, and the messages against the stores that carry them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kitlib.findings import Finding
from kitlib.specs.crosscheck.documents import Documents
from kitlib.specs.problems import Loc

# What an action is called in the prose of the AI operations specification.
_WORDS = {
    "scale": r"\b(scal\w*|hpa|replicas?)\b",
    "resource": r"\bresources?\b|\blimits?\b",
    "restart": r"\brestart\w*\b",
    "rollback": r"\broll(ed)?[- ]?back\w*\b",
    "drain": r"\bdrain\w*\b",
    "delete": r"\bdelet\w*\b",
    "diagnose": r"\bdiagnos\w*\b",
    "notify": r"\bnotif\w*\b",
}
_ACTIONS = {
    "suggest-scaling": "scale",
    "suggest-resource-increase": "resource",
    "suggest-restart": "restart",
    "suggest-rollback": "rollback",
    "restart": "restart",
    "scale": "scale",
    "rollback": "rollback",
    "diagnose": "diagnose",
    "notify": "notify",
}


def check(documents: Documents) -> Iterator[Finding]:
    """What the agent may do against the rules of its operation; brokers that nothing provides."""
    yield from _prohibited(documents)
    yield from _approvals(documents)
    yield from _brokers(documents)


def _prohibited(documents: Documents) -> Iterator[Finding]:
    agent, operations = documents.agent, documents.ai_operations
    if agent is None or operations is None:
        return
    for index, rule in enumerate(agent.spec.monitoring):
        for position, text in enumerate(operations.prohibited):
            if re.search(_WORDS[_ACTIONS[rule.action]], text[:500], re.IGNORECASE):
                where = documents.line(("ai_operations",), "prohibited", position)
                yield documents.problem(
                    "spec-agent-prohibited",
                    ("agent",),
                    ("spec", "monitoring", index, "action"),
                    found=rule.action,
                    expected=f"nothing that is prohibited: {text}, in {where}",
                    fix="write diagnose or notify, or lift the prohibition",
                    why="A prohibited action is never carried out, so suggesting it helps nobody.",
                )


def _approvals(documents: Documents) -> Iterator[Finding]:
    agent, operations = documents.agent, documents.ai_operations
    if agent is None or operations is None:
        return
    for index, row in enumerate(operations.allowed):
        for mutation in agent.spec.safety.require_approval:
            pattern = _WORDS.get(mutation)
            if row.approval == "Auto" and pattern and re.search(pattern, row.action[:500], re.IGNORECASE):
                where = documents.line(("agent",), "spec", "safety", "requireApproval")
                path: Loc = ("allowed", index, "approval")
                yield documents.problem(
                    "spec-approval-differs",
                    ("ai_operations",),
                    path,
                    found=f"Auto for {row.action}",
                    expected=f"Manual: {mutation} needs approval in {where}",
                    fix=f"write Manual here, or take {mutation} out of requireApproval",
                    why="The stricter of the two holds, so the automatic action would wait for a person.",
                    severity="warning",
                )


def _brokers(documents: Documents) -> Iterator[Finding]:
    architecture, communication = documents.architecture, documents.communication
    if architecture is None or communication is None:
        return
    stores = [architecture.storage.database, architecture.storage.cache or ""]
    known = " ".join(stores).lower()
    for index, entry in enumerate(communication.asynchronous):
        if not any(broker.lower() in known for broker in entry.brokers):
            yield documents.problem(
                "spec-broker-unknown",
                ("communication",),
                ("asynchronous", index, "brokers"),
                found=", ".join(entry.brokers),
                expected=f"a store of the architecture: {', '.join(store for store in stores if store)}",
                fix="name the broker under Storage of the architecture, or use one that is there",
                why="Nothing that is specified would carry these messages.",
                severity="warning",
            )
