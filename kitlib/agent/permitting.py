"""Whether a change needs nobody: every rule that speaks of it has to say so."""

from __future__ import annotations

from collections.abc import Callable

from kitlib.agent.names import MUTATIONS, Act
from kitlib.agent.operations import OperationsPolicy
from kitlib.agent.triggers import Trigger
from kitlib.specs.models.agent import Safety


def alone(
    act: Act, safety: Safety, policy: OperationsPolicy, holds: Callable[[Trigger], bool], *, suggests: bool
) -> bool:
    """Whether an act may be carried out without a person.

    Args:
        act: what would be done.
        safety: of the AgentConfig.
        policy: the operations specification.
        holds: whether a condition of the specification holds now on what the act is about.
        suggests: whether the rule that fired only ever suggests.

    Returns:
        True only if the AgentConfig neither asks for a person nor for dry runs, and the specification allows
        the act, in every row that names it, without one, under a condition that holds.
    """
    if suggests or safety.dry_run_default or act in policy.never or act not in MUTATIONS:
        return False
    if MUTATIONS[act] in safety.require_approval:
        return False
    rows = [row for row in policy.permissions if row.act == act]
    return all(row.automatic for row in rows) and any(holds(row.trigger) for row in rows)
