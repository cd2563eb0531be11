"""What the agent does, by the names of both specifications, and what each of them may need a person for."""

from __future__ import annotations

from typing import Literal

from kitlib.specs.models.agent import Action, Mutation

Act = Literal[
    "diagnose",
    "collect-logs",
    "notify",
    "restart-pod",
    "restart",
    "scale",
    "adjust-autoscaler",
    "increase-resources",
    "rollback",
    "drain",
]
READS: frozenset[Act] = frozenset({"diagnose", "collect-logs", "notify"})  # they change nothing

# An action of AgentConfig's monitoring: what it does, and whether it only ever suggests.
RULE_ACTIONS: dict[Action, tuple[Act, bool]] = {
    "diagnose": ("diagnose", False),
    "notify": ("notify", False),
    "suggest-scaling": ("scale", True),
    "suggest-resource-increase": ("increase-resources", True),
    "suggest-restart": ("restart", True),
    "suggest-rollback": ("rollback", True),
    "restart": ("restart-pod", False),
    "scale": ("scale", False),
    "rollback": ("rollback", False),
}

# An action of the AI operations specification's table.
OPERATIONS: dict[str, Act] = {
    "Pod restart": "restart-pod",
    "Deployment restart": "restart",
    "HPA adjustment": "adjust-autoscaler",
    "Replica scaling": "scale",
    "Log collection": "collect-logs",
    "Diagnosis": "diagnose",
    "Notification": "notify",
    "Resource scaling": "increase-resources",
    "Deployment rollback": "rollback",
    "Node drain": "drain",
}

# What `requireApproval` calls what an act does.
MUTATIONS: dict[Act, Mutation] = {
    "restart-pod": "restart",
    "restart": "restart",
    "scale": "scale",
    "adjust-autoscaler": "scale",
    "increase-resources": "patch",
    "rollback": "rollback",
    "drain": "drain",
}
