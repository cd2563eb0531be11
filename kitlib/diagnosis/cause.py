"""What a rule says: a finding, whom it explains, and who else may be to blame."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from kitlib.diagnosis.scan import Scan
from kitlib.findings import Finding, Quote, Ref

__all__ = ["Cause", "Scan", "Strength", "key_of"]


class Strength(IntEnum):
    """How near a finding is to the root: of two about one workload the weaker is the other's symptom."""

    SYMPTOM = 0  # how a fault looks from outside: a crash loop, a failing probe, no endpoints
    WEAK = 1  # what a program says of itself, naming nothing that could be changed in the cluster
    SAID = 2  # what a program says, naming a variable, a host, a file
    SHOWN = 3  # two things in the cluster contradict each other, and something is broken by it
    DECIDED = 4  # what gave a field the value that broke something: a default, a webhook, nobody running


@dataclass(frozen=True)
class Cause:
    """A finding and its place among others.

    Args:
        finding: what is wrong.
        affects: the workloads (or, where there is none, objects) whose trouble it explains.
        blames: objects that, if something is wrong with them, are the cause of this.
        strength: see Strength.
        alone: whether it is told even when nothing explains it; what follows from others is not.
    """

    finding: Finding
    affects: tuple[Ref, ...] = ()
    blames: tuple[Ref, ...] = ()
    strength: Strength = Strength.SHOWN
    alone: bool = True


_HASH = re.compile(r"-[0-9a-f]{8,10}(-[a-z0-9]{5})?$")


def key_of(finding: Finding) -> str:
    """A fault's stable name: the same for the same rule, object and field, whatever the pods are called."""
    where = _HASH.sub("", str(finding.object).partition(" -n ")[0]) + str(finding.object).partition(" -n ")[2]
    return hashlib.sha256(f"{finding.id}\n{where}\n{finding.field}".encode()).hexdigest()[:12]


def quote_all(texts: Iterable[tuple[str, str]], most: int = 4) -> tuple[Quote, ...]:
    """Quotes of (text, source) pairs, each once, without empty ones, no more than asked for."""
    kept = dict.fromkeys(Quote(text.strip()[:400], source) for text, source in texts if text.strip())
    return tuple(kept)[:most]
