"""The scope of an AgentConfig: which kinds are watched, and nothing beyond."""

from __future__ import annotations

from collections.abc import Sequence

from kitlib.agent.conditions import Condition
from kitlib.agent.judging import Rule
from kitlib.agent.watching import WATCHABLE, Watchable
from kitlib.cluster.kinds import resolve_kind
from kitlib.errors import SettingsError
from kitlib.specs.models.agent import Scope
from kitlib.specs.values import nearest

_ROOTS = {
    "pod": "Pod",
    "deployment": "Deployment",
    "hpa": "HorizontalPodAutoscaler",
    "node": "Node",
}
_BY_KIND = {item.kind: item for item in WATCHABLE.values()}


def watchables(scope: Scope, rules: Sequence[Rule]) -> list[Watchable]:
    """The kinds that a scope names.

    Raises:
        SettingsError: it names one that the agent does not watch, or leaves out one that a rule asks about.
    """
    found: dict[str, Watchable] = {}
    for text in scope.resources:
        kind, _ = resolve_kind(text)
        if kind not in _BY_KIND:
            near = nearest(text, list(WATCHABLE))
            raise SettingsError(
                f"spec.scope.resources: {text!r} can't be watched; {', '.join(WATCHABLE)} can",
                fix=f"write {near}" if near else "",
            )
        found[kind] = _BY_KIND[kind]
    for rule in rules:
        if isinstance(rule.when, Condition):
            for root in rule.when.roots:
                if _ROOTS[root] not in found:
                    raise SettingsError(
                        f"monitoring rule {rule.name} asks about {root}, which is not in the scope",
                        fix=f"add {_BY_KIND[_ROOTS[root]].plural} to spec.scope.resources",
                    )
    return list(found.values())
