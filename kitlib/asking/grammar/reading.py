"""Requests that read, from plain language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kitlib.asking.grammar.conditions import STATE, STATES, SUCH, condition, in_state
from kitlib.asking.grammar.words import KIND, NAME, Place, is_name, kind_of
from kitlib.asking.made import Request, made
from kitlib.asking.request import WORKLOADS

_SHOW = (
    r"(?:show|list|get|find|display|print|give|fetch|see|which|what|whats|what's|how many|count|are there|"
    r"do we have|check)(?: me)?(?: up)?"
)
_ARTICLE = r"(?:all|any|every|the|my|our|of the|all the|all of the|all my|is|are|are the|there|me)"
_ILL = (
    r"(?:crash(?:ing|looping|ed)?|fail(?:ing|ed|s)?|pending|down|slow|broken|unhealthy|restart(?:ing)?|stuck|"
    r"dying|not (?:running|ready|starting|working|coming up|available|healthy)|unavailable|oomkilled|evicted|"
    r"wrong|in (?:crashloopbackoff|imagepullbackoff|error)|crash looping|in a crash loop)"
)
_WELL = r"(?:run|running|start|starting|ready|work|working|come up|healthy)"
_KIND_AND_NAME = rf"(?:(?P<kind>{KIND})[ /])?(?P<name>{NAME})"
_ABOUT = (
    rf"(?:my |the |our |all |this |these )?(?:(?P<all>{KIND}|app|application|cluster|it|everything)|"
    rf"{_KIND_AND_NAME})"
)
_WHY = (
    rf"why (?:is|are|does|do|did|was|were) {_ABOUT}(?: keeps?| always)? {_ILL}",
    rf"why (?:isn't|aren't|won't|doesn't|don't) {_ABOUT} {_WELL}",
    rf"(?:what is|what's|whats) (?:wrong|the matter|the problem|going wrong) with {_ABOUT}",
    rf"(?:diagnose|debug|troubleshoot|investigate)(?: why)? {_ABOUT}(?: is {_ILL})?",
    r"(?:what is|what's|whats) (?:wrong|broken|failing|unhealthy)",
)
_EVENTS = (
    rf"(?:{_SHOW} )?(?:{_ARTICLE} )*(?P<sort>recent |latest |warning )?events?"
    r"(?: (?:for|of|about|on|from)(?: the| my| all)?(?P<ill> failing| failed| crashing| unhealthy)?"
    rf"(?: (?:(?P<all>{KIND})|{_KIND_AND_NAME})))?",
    rf"what happened(?: (?:to|with|in)(?: the| my)? {_KIND_AND_NAME})?",
)
_LOGS = (
    rf"(?:{_SHOW} )?(?:{_ARTICLE} )*(?:(?:last|newest) )?(?:(?P<tail>\d+) )?(?:lines (?:of|from) )?(?:the )?"
    r"(?P<before>(?:previous|earlier|last|crashed) )?logs?(?: (?:of|for|from)(?: the| my| container)?)? "
    r"(?:(?P<kind>pod|po|deployment|deploy|statefulset|sts|daemonset|ds|job)[ /])?"
    rf"(?P<name>{NAME})(?P<after> (?:from |of |before )?(?:the )?(?:previous|last|earlier)"
    r"(?: run| crash| restart| container)?| before (?:it|the) (?:crash|crashed|restart|restarted))?"
)
_OF, _BY = r"(?P<of>pods?|nodes?)", r"(?P<by>memory|mem|ram|cpu)"
_USE = r"(?:usage|use|uses|using|consume|consumes|consuming|consumption|need|eat)"
_TOP = (
    rf"top {_OF}(?: by {_BY})?",
    rf"{_SHOW} (?:{_ARTICLE} )*{_OF} (?:that |which )?(?:are )?{_USE} (?:the )?most {_BY}",
    rf"(?:{_SHOW} )?(?:{_ARTICLE} )*(?:{_BY}|resources?) {_USE}(?: (?:of|by|for)(?: the| all| my)? {_OF})?",
    rf"{_SHOW} (?:{_ARTICLE} )*{_OF} (?:sorted )?by {_BY}(?: usage)?",
    rf"how much {_BY} (?:do|does|are|is)(?: the| my| all)? {_OF} {_USE}",
)
_LIST = (
    rf"{_SHOW}(?: {_ARTICLE})*(?: (?P<adjective>(?:not |non-?)?(?:{STATE})))?(?: {_ARTICLE})* "
    rf"(?P<kinds>{KIND}(?:(?:,| and|, and) {KIND})*)"
)


def read(text: str, place: Place) -> list[Request] | None:
    """The requests of a text that reads something; None when it is none of these forms."""
    for form in (_why, _events, _logs, _top, _rollout, _describe, _exposed, _list):
        found = form(text, place)
        if found is not None:
            return [found]
    return None


def _why(text: str, place: Place) -> Request | None:
    found = _first(_WHY, text)
    if found is None:
        return None
    groups = found.groupdict()
    name = groups.get("name") or ""
    if name and not is_name(name):
        return None
    return made("why", kind=kind_of(groups.get("kind") or ""), name=name, **_spread(place))


def _events(text: str, place: Place) -> Request | None:
    found = _first(_EVENTS, text)
    if found is None:
        return None
    groups = found.groupdict()
    name = groups.get("name") or ""
    if name and not is_name(name):
        return None
    kind = kind_of(groups.get("kind") or groups.get("all") or "")
    failures = bool(groups.get("ill")) or (groups.get("sort") or "").strip() == "warning"
    return made("events", kind=kind, name=name, failures=failures, **_spread(place))


def _logs(text: str, place: Place) -> Request | None:
    found = _first((_LOGS,), text)
    if found is None or not is_name(found["name"]):
        return None
    options = {"previous": bool(found["before"] or found["after"]), "namespace": place.namespace}
    options |= {"tail": int(found["tail"])} if found["tail"] else {}
    return made("logs", kind=kind_of(found["kind"] or ""), name=found["name"], **options)


def _top(text: str, place: Place) -> Request | None:
    found = _first(_TOP, text)
    if found is None:
        return None
    groups = found.groupdict()
    nodes = (groups.get("of") or "pods").startswith("node")
    by_cpu = groups.get("by") == "cpu"
    where = {} if nodes else _spread(place)
    return made("top", of="nodes" if nodes else "pods", by="cpu" if by_cpu else "memory", **where)


def _rollout(text: str, place: Place) -> Request | None:
    kinds = rf"(?:(?P<kind>{KIND})[ /])?(?P<name>{NAME})"
    status = rf"(?:{_SHOW} )?(?:the )?(?:rollout )?status of(?: the)?(?: rollout of)?(?: the)? {kinds}"
    history = rf"(?:{_SHOW} )?(?:the )?(?:rollout )?(?:history|revisions) (?:of|for)(?: the)? {kinds}"
    rolled = rf"is(?: the)? {kinds} (?:rolled out|up to date|deployed)"
    for of, pattern in (("status", status), ("history", history), ("status", rolled)):
        found = _first((pattern,), text)
        kind = kind_of(found["kind"] or "Deployment") if found else ""
        if found and kind in WORKLOADS and is_name(found["name"]):
            return made("rollout", of=of, kind=kind, name=found["name"], namespace=place.namespace)
    return None


def _describe(text: str, place: Place) -> Request | None:
    verb = rf"(?:describe|explain|inspect|(?:{_SHOW} )?(?:the )?details (?:of|about|for))"
    found = _first((rf"{verb}(?: the| my)? (?P<kind>{KIND})[ /](?P<name>{NAME})",), text)
    if found is None or not is_name(found["name"]):
        return None
    return made("describe", kind=kind_of(found["kind"]), name=found["name"], namespace=place.namespace)


def _exposed(text: str, place: Place) -> Request | None:
    services = r"(?:services|service|svc|svcs)"
    to = r"to the (?:internet|outside|world)|from (?:the )?(?:outside|internet)"
    outside = rf"(?:externally|publicly|outside|{to})"
    reached = r"(?:exposed|reachable|accessible|visible|available)"
    found = _first(
        (
            rf"{_SHOW} (?:{_ARTICLE} )*{services} {SUCH}(?:{outside} )?{reached}(?: {outside})?",
            rf"{_SHOW} (?:{_ARTICLE} )*{services} {SUCH}with (?:an )?external ips?",
            rf"{_SHOW} (?:{_ARTICLE} )*(?:external|exposed|public|{outside} {reached}) {services}",
        ),
        text,
    )
    return made("exposed", **_spread(place)) if found else None


def _list(text: str, place: Place) -> Request | None:
    head = re.match(_LIST, text, re.IGNORECASE)
    if head is None:
        return None
    kinds = [kind_of(item) for item in re.split(r",? and |, ?", head["kinds"])]
    rest = text[head.end() :].strip()
    named = re.fullmatch(NAME, rest) if len(kinds) == 1 else None
    conditions = in_state(head["adjective"].lower()) if head["adjective"] else []
    if named and is_name(rest) and rest not in STATES and not conditions:
        return made("get", kinds=kinds, names=(rest,), namespace=place.namespace)
    labels = ""
    while rest:
        found, rest = condition(rest)
        if found is None or len(kinds) > 1:
            return None
        if isinstance(found, str):
            labels = f"{labels},{found}" if labels else found
        else:
            conditions.append(found)
    where = _spread(place) if conditions else {"namespace": place.namespace, "everywhere": place.everywhere}
    return made("get", kinds=kinds, filters=tuple(conditions), labels=labels, **where)


def _spread(place: Place) -> dict[str, Any]:
    """Where a question looks: everywhere, unless the text says another place."""
    return {"namespace": place.namespace} if place.namespace else {"everywhere": True}


def _first(patterns: tuple[str, ...], text: str) -> re.Match[str] | None:
    matches: Iterator[re.Match[str] | None] = (re.fullmatch(p, text, re.IGNORECASE) for p in patterns)
    return next((found for found in matches if found), None)
