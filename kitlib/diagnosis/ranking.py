"""Which finding is the root: each root cause once, with what it explains beneath it, gravest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from kitlib.diagnosis.cause import Cause, Strength
from kitlib.findings import Finding, Quote, Ref

_GRAVITY = {"error": 0, "warning": 1, "info": 2}
SYMPTOM = "symptom"  # the source of a quote that tells one
MOST_SYMPTOMS = 8  # that are shown beneath a cause


@dataclass
class Root:
    """A root cause, and the findings that it explains."""

    cause: Cause
    beneath: list[Cause] = field(default_factory=list)

    @property
    def affected(self) -> tuple[Ref, ...]:
        """All objects whose trouble it explains."""
        refs = [ref for cause in (self.cause, *self.beneath) for ref in cause.affects]
        return tuple(dict.fromkeys(refs))

    @property
    def finding(self) -> Finding:
        """The finding, with its symptoms among its evidence."""
        told = [_told(cause.finding, self.cause.finding) for cause in self.beneath[:MOST_SYMPTOMS]]
        return replace(self.cause.finding, evidence=(*self.cause.finding.evidence, *told))


def rank(causes: Iterable[Cause]) -> list[Root]:
    """Group causes under their roots.

    A finding is beneath another of the same workload that is nearer to the root (see Strength), and beneath
    one of an object that it blames: three services that can't reach Redis are symptoms of what ails Redis.
    """
    found = _once(causes)
    above = {id(cause): over for cause in found if (over := _above(cause, found))}
    roots: dict[int, Root] = {}
    for cause in found:
        root = _top(cause, above)
        entry = roots.setdefault(id(root), Root(root))
        if cause is not root:
            entry.beneath.append(cause)
    told = [root for root in roots.values() if root.cause.alone]
    order = {id(cause): index for index, cause in enumerate(found)}
    return sorted(told, key=lambda root: _order(root, order[id(root.cause)]))


def _order(root: Root, index: int) -> tuple[int, int, int, int]:
    gravest = min(_GRAVITY[c.finding.severity] for c in (root.cause, *root.beneath))
    return gravest, -len(root.affected), -int(root.cause.strength), index


def _once(causes: Iterable[Cause]) -> list[Cause]:
    """Each finding once: the same rule, object and field, whoever saw it."""
    found: dict[tuple[str, str, str], Cause] = {}
    for cause in causes:
        mark = (cause.finding.id, str(cause.finding.object), cause.finding.field)
        known = found.get(mark)
        if known is None:
            found[mark] = cause
        else:
            affects = tuple(dict.fromkeys((*known.affects, *cause.affects)))
            found[mark] = replace(known, affects=affects)
    return list(found.values())


def _above(cause: Cause, others: Sequence[Cause]) -> Cause | None:
    """The finding that explains this one, if any: one that it blames, else the nearest to the root."""
    blamed = [other for other in others if other is not cause and _is_blamed(cause, other)]
    stronger = [
        other
        for other in others
        if other is not cause
        and other.strength > cause.strength
        and set(cause.affects) <= set(other.affects)
        and _GRAVITY[other.finding.severity] <= max(_GRAVITY[cause.finding.severity], _GRAVITY["warning"])
    ]
    if cause.strength == Strength.SYMPTOM and not stronger:
        # Of several symptoms of one workload the first stands for all.
        same = [o for o in others if o.strength == Strength.SYMPTOM and set(cause.affects) == set(o.affects)]
        same.sort(key=lambda other: not other.alone)
        stronger = same[:1] if same and same[0] is not cause else []
    candidates = blamed or stronger
    return max(candidates, key=lambda other: other.strength, default=None)


def _is_blamed(cause: Cause, other: Cause) -> bool:
    """Whether the other is what ails an object that this one blames, and does not blame this in turn."""
    if set(other.affects) & set(cause.affects) and other.strength < cause.strength:
        return False
    objects = {other.finding.object, *other.affects}
    return bool(objects & set(cause.blames)) and not (
        {cause.finding.object, *cause.affects} & set(other.blames)
    )


def _top(cause: Cause, above: dict[int, Cause]) -> Cause:
    seen = {id(cause)}
    while (over := above.get(id(cause))) is not None and id(over) not in seen:
        seen.add(id(over))
        cause = over
    return cause


def _told(symptom: Finding, root: Finding) -> Quote:
    where = "" if symptom.object == root.object else f"{symptom.object}: "
    found = "" if symptom.found in symptom.title else f": {symptom.found}"
    return Quote(f"{where}{symptom.title}{found}", SYMPTOM)
