"""How many pods there are: autoscalers, and how many of them a drain may take at once."""

from __future__ import annotations

from typing import Any

from kitlib.artifacts.manifests.component import Component


def autoscaler(component: Component) -> dict[str, Any] | None:
    """The HorizontalPodAutoscaler; None where the number of replicas is fixed."""
    if not component.replicas.autoscaled:
        return None
    goals = component.target.app.architecture.scalability
    targets = {"cpu": goals.cpu_target, "memory": goals.memory_target}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": component.target.metadata(component.name, component.name),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": component.name},
            "minReplicas": component.replicas.minimum,
            "maxReplicas": component.replicas.maximum,
            "metrics": [_metric(name, percent) for name, percent in targets.items() if percent],
            "behavior": {
                "scaleUp": {
                    "stabilizationWindowSeconds": 60,
                    "policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}],
                },
                "scaleDown": {
                    "stabilizationWindowSeconds": 300,
                    "policies": [{"type": "Percent", "value": 10, "periodSeconds": 60}],
                },
            },
        },
    }


def disruption_budget(component: Component) -> dict[str, Any] | None:
    """The PodDisruptionBudget; None below two replicas, where one would only get into a drain's way."""
    if component.replicas.minimum < 2:
        return None
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": component.target.metadata(component.name, component.name),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": component.selector}},
    }


def _metric(name: str, percent: float) -> dict[str, Any]:
    target = {"type": "Utilization", "averageUtilization": round(percent)}
    return {"type": "Resource", "resource": {"name": name, "target": target}}
