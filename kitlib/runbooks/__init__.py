"""Runbooks: parameterised notebooks that are checked before, recorded while, and verified after they run.

A runbook's cells import from here: the types of its parameters, `start` for its steps, and what they do.
"""

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
from kitlib.runbooks.verify import Check, verify

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
