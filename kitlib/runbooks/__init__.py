"""Runbooks: parameterised notebooks that are checked before, recorded while, and verified after they run.

A runbook's cells import from here: the types of its parameters, `start` for its steps, and what they do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = [
    "Change",
    "Check",
    "Deployment",
    "Duration",
    "Ge",
    "Gt",
    "Le",
    "Lt",
    "MaxLen",
    "MinLen",
    "Namespace",
    "Node",
    "Pattern",
    "PersistentVolumeClaim",
    "PlannedChange",
    "Pod",
    "Quantity",
    "Run",
    "RunResult",
    "SecretRef",
    "StatefulSet",
    "fix_of",
    "make_plan",
    "plan_fix",
    "resume",
    "run",
    "seconds",
    "start",
    "verify",
]

if TYPE_CHECKING:
    from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen

    from kitlib.runbooks.change import Change, fix_of, plan_fix
    from kitlib.runbooks.engine import PlannedChange, RunResult, make_plan, resume, run
    from kitlib.runbooks.parameters import (
        Deployment,
        Duration,
        Namespace,
        Node,
        Pattern,
        PersistentVolumeClaim,
        Pod,
        Quantity,
        SecretRef,
        StatefulSet,
        seconds,
    )
    from kitlib.runbooks.step import Run, start
    from kitlib.runbooks.verification import Check, verify

# Loaded on first use: a wrong parameter is refused before the Kubernetes client is imported.
_MODULES = {
    "annotated_types": ("Ge", "Gt", "Le", "Lt", "MaxLen", "MinLen"),
    "kitlib.runbooks.change": ("Change", "fix_of", "plan_fix"),
    "kitlib.runbooks.engine": ("PlannedChange", "RunResult", "make_plan", "resume", "run"),
    "kitlib.runbooks.step": ("Run", "start"),
    "kitlib.runbooks.verification": ("Check", "verify"),
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'kitlib.runbooks' has no attribute {name!r}")
    from importlib import import_module

    module = next((key for key, names in _MODULES.items() if name in names), "kitlib.runbooks.parameters")
    found = getattr(import_module(module), name)
    globals()[name] = found
    return found
