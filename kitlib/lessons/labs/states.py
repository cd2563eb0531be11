"""What the objects that may be the cause look like, so that a repair shows: many signs come and go."""

from __future__ import annotations

import hashlib
import json

from kitlib.cluster import Cluster
from kitlib.faults.model import Answer, Fault


def of(cluster: Cluster, fault: Fault) -> dict[str, str]:
    """The state of each thing that may rightly be named as the cause, as a hash: it may be a secret."""
    return {f"answer-{number}": _state(cluster, answer) for number, answer in enumerate(fault.answers)}


def _state(cluster: Cluster, answer: Answer) -> str:
    name = answer.name.replace("$NAMESPACE", cluster.namespace)
    found = cluster.find(answer.kind, name, namespace=answer.namespace or None)
    if found is None:
        return "absent"
    whole = {key: value for key, value in found.items() if key not in ("metadata", "status")}
    value = found.at(answer.field) if answer.field else whole
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]
