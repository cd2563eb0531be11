"""One example of each form of the grammar, and the nearest of them to a text that is none."""

from __future__ import annotations

from difflib import SequenceMatcher

EXAMPLES = (
    "show all pods that are not running",
    "show unhealthy pods",
    "find pods using more than 500Mi memory",
    "find pods using over 200m cpu",
    "find pods that restarted more than 3 times",
    "find pods older than 2 days",
    "find pods without limits",
    "find pods with image nginx",
    "find pods on node worker-1",
    "list services exposed externally",
    "list deployments in namespace todo-app",
    "why is my pod crashing",
    "why is deployment api failing",
    "show events for failing deployments",
    "show events for api",
    "show logs of api",
    "show previous logs of api",
    "top pods by memory",
    "which pods use the most cpu",
    "describe deployment api",
    "status of deployment api",
    "history of deployment api",
    "scale deployment api to 5 replicas",
    "restart deployment api",
    "restart all pods in namespace todo-app",
    "roll back deployment api to revision 2",
    "delete pod api-0",
    "set the image of deployment api to registry/api:1.2",
    "set the memory limit of deployment api to 512Mi",
    "label pod api-0 team=web",
    "cordon node worker-1",
    "pause deployment api",
    "apply api.yaml",
)


def nearest(text: str) -> str:
    """The example that is most like a text."""
    words = text.lower().split()
    return max(
        EXAMPLES,
        key=lambda example: (
            SequenceMatcher(None, words, example.split()).ratio()
            + (SequenceMatcher(None, text.lower(), example).ratio())
        ),
    )
