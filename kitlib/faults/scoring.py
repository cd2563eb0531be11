"""How well a diagnosis names the cause of a fault of the catalogue."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kitlib.diagnosis.examination import Diagnosis, RootCause
from kitlib.faults.model import Answer, Fault
from kitlib.findings import Ref

_INDEX = re.compile(r"\[[^\]]*\]|\.(\d+|\*)(?=\.|$)")
NEAR = 2  # steps that a field may be above or below the right one: a probe, and its port


@dataclass(frozen=True)
class Score:
    """The outcome for one fault or control.

    Args:
        fault: its id.
        right: the cause is named, object and field; of a control: nothing is.
        first: in first place.
        said: what was named first.
        false: causes that should not have been named: of a control any, of a fault those it says.
    """

    fault: str
    right: bool
    first: bool
    said: str
    false: tuple[str, ...] = ()


def score(fault: Fault, found: Diagnosis, namespace: str) -> Score:
    """Hold a diagnosis of the fault's namespace against its entry.

    Args:
        found: a scan of the namespace, examined.
        namespace: where the fault was injected.
    """
    said = _text(found.causes[0]) if found.causes else "nothing"
    if fault.healthy:
        false = tuple(_text(cause) for cause in found.causes)
        return Score(fault.id, not false, not false, said, false)
    places = [index for index, cause in enumerate(found.causes) if _is_right(fault, cause, namespace)]
    banned = {(n.kind, n.name) for n in fault.not_reported}
    false = tuple(
        _text(cause)
        for cause in found.causes
        if isinstance(where := cause.finding.object, Ref) and (where.kind, where.name) in banned
    )
    return Score(fault.id, bool(places), places[:1] == [0], said, false)


def same_field(one: str, other: str) -> bool:
    """Whether two fields are the same, or one is a part of the other, at most two steps apart."""
    first, second = (_INDEX.sub("", path).split(".") if path else [] for path in (one, other))
    shorter, longer = sorted((first, second), key=len)
    return longer[: len(shorter)] == shorter and len(longer) - len(shorter) <= NEAR


def _is_right(fault: Fault, cause: RootCause, namespace: str) -> bool:
    return any(_answers(answer, cause, namespace) for answer in fault.answers)


def _answers(answer: Answer, cause: RootCause, namespace: str) -> bool:
    where = cause.finding.object
    if not isinstance(where, Ref) or where.kind != answer.kind:
        return False
    if not _names(answer.name, where.name, namespace):
        return False
    if where.namespace and not _names(answer.namespace or namespace, where.namespace, namespace):
        return False
    return not answer.field or same_field(answer.field, cause.finding.field)


def _names(pattern: str, name: str, namespace: str) -> bool:
    """Whether a name of the catalogue stands for a name; which node was meant is not kept in a scan."""
    return pattern in ("$NODE", "$OTHER") or pattern.replace("$NAMESPACE", namespace) == name


def _text(cause: RootCause) -> str:
    finding = cause.finding
    return f"{finding.id}: {finding.object} {finding.field}".strip()
