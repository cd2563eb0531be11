"""Policy: what may be changed by whom, with whose approval, how often; and the record of it."""

from kitlib.policy.acting import act_as, acting, current
from kitlib.policy.action import RESTARTED, Action, Actor, FieldChange, Verb
from kitlib.policy.approval import Approval, Approvals, Plan
from kitlib.policy.audit import Audit, AuditError
from kitlib.policy.budget import Budget, Limits
from kitlib.policy.following import Following
from kitlib.policy.gate import Change, Decision, Denied, Gate, Mutation, person
from kitlib.policy.rules import Prohibition, prohibition

__all__ = [
    "RESTARTED",
    "Action",
    "Actor",
    "Approval",
    "Approvals",
    "Audit",
    "AuditError",
    "Budget",
    "Change",
    "Decision",
    "Denied",
    "FieldChange",
    "Following",
    "Gate",
    "Limits",
    "Mutation",
    "Plan",
    "Prohibition",
    "Verb",
    "act_as",
    "acting",
    "current",
    "person",
    "prohibition",
]
