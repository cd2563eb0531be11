"""Conditions on objects, from plain language: `using more than 500Mi memory`, `not running` and the like."""

from __future__ import annotations

import re
from typing import Literal

from kitlib.asking.request import Filter

STATES = {
    "unhealthy": "unhealthy",
    "broken": "unhealthy",
    "bad": "unhealthy",
    "healthy": "healthy",
    "failing": "failing",
    "crashing": "failing",
    "crashed": "failing",
    "crashlooping": "failing",
    "crash looping": "failing",
    "in crashloopbackoff": "failing",
    "in error": "failing",
    "stuck": "unhealthy",
    "unavailable": "unhealthy",
    "degraded": "unhealthy",
    "ready": "ready",
    "unready": "not ready",
    "restarting": "restarting",
    "running": "Running",
    "pending": "Pending",
    "failed": "Failed",
    "succeeded": "Succeeded",
    "completed": "Succeeded",
    "finished": "Succeeded",
    "terminating": "Terminating",
    "evicted": "Evicted",
    "oomkilled": "OOMKilled",
    "oom killed": "OOMKilled",
    "killed for memory": "OOMKilled",
    "crashloopbackoff": "CrashLoopBackOff",
    "imagepullbackoff": "ImagePullBackOff",
    "bound": "Bound",
    "unbound": "Pending",
    "lost": "Lost",
}
_MISSING: dict[str, Literal["limits", "requests", "probes"]] = {
    "l": "limits",
    "r": "requests",
    "p": "probes",
    "c": "probes",
}
_OPPOSITE = {"healthy": "unhealthy", "unhealthy": "healthy", "ready": "not ready", "not ready": "ready"}
STATE = "|".join(sorted(STATES, key=len, reverse=True))
_MORE = r"(?P<op>more than|over|above|greater than|less than|under|below|fewer than|>|<)"
_UNDER = ("less than", "under", "below", "fewer than", "<")
_QUANTITY = r"(?P<value>\d+(?:\.\d+)?\s?(?:[KMGT]i?B?|mb|gb|kb|m|n|k)?)"
_UNITS = {
    "second": "s",
    "sec": "s",
    "minute": "m",
    "min": "m",
    "hour": "h",
    "hr": "h",
    "day": "d",
    "week": "w",
}
_SPAN = rf"(?:an? |one )?(?P<value>\d*)\s?(?P<unit>(?:{'|'.join(_UNITS)})s?|[smhdw])"
# What may stand before a condition without meaning.
SUCH = (
    r"(?:(?:that|which|who) )?(?:(?:are|is|have been|has been|were|was|have|has|do|does|got) )?"
    r"(?:(?:currently|still|already) )?"
)


def in_state(text: str) -> list[Filter]:
    """The condition that an adjective stands for."""
    negated = re.match(r"(?:not |non-?)", text)
    state = STATES[text[negated.end() :] if negated else text]
    if negated and state in _OPPOSITE:
        return [Filter(field="state", op="is", value=_OPPOSITE[state])]
    return [Filter(field="state", op="is not" if negated else "is", value=state)]


def condition(text: str) -> tuple[Filter | str | None, str]:
    """The condition, or the label, at the start of a text, and what is left."""
    text = re.sub(r"^(?:and |, ?and |, ?|but )", "", text, flags=re.IGNORECASE)
    for make in _CONDITIONS:
        found, end = make(text)
        if found is not None:
            return found, text[end:].strip()
    return None, text


def _usage(text: str) -> tuple[Filter | None, int]:
    use = rf"{SUCH}(?:using|use|uses|consuming|consume|needing|with)"
    what = r"(?:of )?(?P<what>memory|mem|ram|cpus?|cores?)(?: usage)?"
    forms = (rf"{use} {_MORE} {_QUANTITY} {what}", rf"{use} {what} {_MORE} {_QUANTITY}")
    found = next((match for form in forms if (match := _match(form, text))), None)
    if found is None:
        return None, 0
    memory = found["what"].lower() in ("memory", "mem", "ram")
    value = _quantity(found["value"], memory=memory)
    return Filter(field="memory" if memory else "cpu", op=_op(found["op"]), value=value), found.end()


def _restarts(text: str) -> tuple[Filter | None, int]:
    forms = (
        rf"{SUCH}restarted {_MORE} (?P<value>\d+)(?: times)?",
        rf"{SUCH}(?:with|having)? ?{_MORE} (?P<value>\d+) restarts",
    )
    found = next((match for form in forms if (match := _match(form, text))), None)
    if found is None:
        return None, 0
    return Filter(field="restarts", op=_op(found["op"]), value=found["value"]), found.end()


def _age(text: str) -> tuple[Filter | None, int]:
    forms = (
        rf"{SUCH}(?P<how>older|younger|newer) than {_SPAN}(?!\w)",
        rf"{SUCH}(?P<how>created|started) (?:in|within) the last {_SPAN}(?!\w)",
    )
    found = next((match for form in forms if (match := _match(form, text))), None)
    if found is None:
        return None, 0
    unit = found["unit"].lower()
    short = unit if len(unit) == 1 else _UNITS[unit.removesuffix("s")]
    op: Literal["over", "under"] = "over" if found["how"].lower() == "older" else "under"
    return Filter(field="age", op=op, value=f"{found['value'] or 1}{short}"), found.end()


def _missing(text: str) -> tuple[Filter | None, int]:
    what = r"(?:any )?(?:resource |memory |cpu |health )?(?P<what>limits?|requests?|probes?|checks?)(?: set)?"
    found = _match(rf"{SUCH}(?:without|with no|missing|have no|has no|lacking|lack) {what}(?!\w)", text)
    if found is None:
        return None, 0
    return Filter(field=_MISSING[found["what"][0].lower()], op="missing"), found.end()


def _others(text: str) -> tuple[Filter | str | None, int]:
    value = r"(?P<value>[\w./:@=-]+)"
    image = _match(
        rf"{SUCH}(?:with|using|running|use|run)(?: the| an?)? image (?:of |containing |named )?{value}",
        text,
    )
    if image:
        return Filter(field="image", op="contains", value=image["value"]), image.end()
    node = _match(rf"{SUCH}(?:running )?on(?: the)? node {value}", text)
    if node:
        return Filter(field="node", op="is", value=node["value"]), node.end()
    type = _match(rf"{SUCH}of(?: the)? type (?P<value>\w+)", text)
    if type:
        return Filter(field="type", op="is", value=type["value"]), type.end()
    label = _match(rf"{SUCH}(?:with(?: the)? labels?|labell?ed(?: with)?) (?P<value>[\w./-]+=[\w.-]+)", text)
    return (label["value"], label.end()) if label else (None, 0)


def _stated(text: str) -> tuple[Filter | None, int]:
    found = _match(rf"{SUCH}(?P<state>(?:(?:not|aren't|isn't) )?(?:{STATE}))(?![\w-])", text)
    if found is None:
        return None, 0
    state = re.sub(r"^(?:aren't|isn't)", "not", found["state"].lower())
    return in_state(state)[0], found.end()


_CONDITIONS = (_usage, _restarts, _age, _missing, _others, _stated)


def _op(text: str) -> Literal["under", "over"]:
    return "under" if text.lower() in _UNDER else "over"


def _quantity(text: str, *, memory: bool) -> str:
    """A quantity as Kubernetes writes it: 500 MB means 500M, and a memory of 500 means 500Mi to a person."""
    flat = text.replace(" ", "")
    flat = re.sub(r"(?i)(?<=\d)([kmgt])i?b$", lambda found: found.group(1).upper(), flat)
    flat = re.sub(r"(?<=\d)k$", "k", re.sub(r"(?<=\d)K$", "k", flat))
    return f"{flat}Mi" if memory and flat.isdigit() else flat


def _match(pattern: str, text: str) -> re.Match[str] | None:
    return re.match(pattern, text, re.IGNORECASE)
