"""Runbooks: parameterised notebooks that are checked before, recorded while, and verified after they run.

A runbook's cells import from here: the types of its parameters, `start` for its steps, and what they do.
"""

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen

from kitlib.runbooks.change import Change, plan
from kitlib.runbooks.engine import PlannedChange, RunResult, run
from kitlib.runbooks.parameters import Deployment, Namespace, Pattern
from kitlib.runbooks.step import Run, start
from kitlib.runbooks.verify import Check, verify

__all__ = [
    "Change",
    "Check",
    "Deployment",
    "Ge",
    "Gt",
    "Le",
    "Lt",
    "MaxLen",
    "MinLen",
    "Namespace",
    "Pattern",
    "PlannedChange",
    "Run",
    "RunResult",
    "plan",
    "run",
    "start",
    "verify",
]
