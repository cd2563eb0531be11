"""Requests that change something, from plain language: each begins with one of `VERBS`."""

from __future__ import annotations

import re

from kitlib.asking.grammar.words import KIND, NAME, NEGATION, Place, is_name, kind_of
from kitlib.asking.made import Request, made
from kitlib.asking.request import WORKLOADS

VERBS = (
    "scale",
    "resize",
    "set",
    "change",
    "update",
    "raise",
    "lower",
    "increase",
    "decrease",
    "restart",
    "bounce",
    "roll",
    "rollback",
    "revert",
    "undo",
    "delete",
    "remove",
    "label",
    "annotate",
    "cordon",
    "uncordon",
    "pause",
    "suspend",
    "resume",
    "apply",
)
_THE = r"(?: the| my| our)?"
_WORKLOAD = rf"(?: (?P<kind>{KIND}))?(?:[ /](?P<name>{NAME}))?"
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBERS = {word: number for number, word in enumerate(_WORDS)}
_COUNT = rf"(?P<count>\d+|{'|'.join(_NUMBERS)})"
_REPLICAS = r"(?:replicas?|pods?|instances?)"
_MANY = (
    r"(?P<all>pods?|workloads?|everything|apps?|deployments?|statefulsets?|daemonsets?|stateful sets|"
    r"daemon sets)"
)
_PODS = {"pod": WORKLOADS, "everything": WORKLOADS, "workload": WORKLOADS, "app": WORKLOADS}


def write(text: str, place: Place) -> list[Request] | None:
    """The requests of a text that changes something; None when it is none of these forms."""
    if NEGATION.search(text) or text.split(" ")[0].lower() not in VERBS:
        return None
    if place.everywhere:
        return None  # nothing is changed in all namespaces at once
    for form in (_scale, _restart, _rollback, _delete, _image, _resources, _mark, _cordon, _pause, _apply):
        found = form(text, place.namespace)
        if found is not None:
            return [found]
    return None


def _scale(text: str, namespace: str) -> Request | None:
    found = _first(
        (
            rf"(?:scale|resize){_THE}(?: up| down)?{_WORKLOAD}(?: up| down)? to {_COUNT}(?: {_REPLICAS})?",
            rf"(?:scale|resize){_THE} (?P<name>{NAME}) (?P<kind>{KIND}) to {_COUNT}(?: {_REPLICAS})?",
            rf"set{_THE} replicas (?:of|for){_THE}{_WORKLOAD} to {_COUNT}",
            rf"set{_THE}{_WORKLOAD} to {_COUNT} {_REPLICAS}",
        ),
        text,
    )
    if found is None:
        return None
    kind, name = kind_of(found["kind"] or "deployment"), found["name"] or ""
    if (name and not is_name(name)) or kind not in ("Deployment", "StatefulSet", "ReplicaSet"):
        return None
    count = found["count"].lower()
    replicas = _NUMBERS[count] if count in _NUMBERS else int(count)
    return made("scale", kind=kind, name=name, replicas=replicas, namespace=namespace)


def _restart(text: str, namespace: str) -> Request | None:
    all_of = r"(?: all| every| all the| all of the| the| all my)?"
    if found := _first((rf"(?:restart|bounce){all_of} {_MANY}",), text):
        word = found["all"].lower()
        kinds = _PODS.get(word.removesuffix("s"), (kind_of(word),))
        return made("restart", kinds=kinds, namespace=namespace)
    found = _first((rf"(?:restart|bounce){_THE} (?:(?P<kind>{KIND})[ /])?(?P<name>{NAME})",), text)
    kind = kind_of(found["kind"] or "deployment") if found else ""
    if found is None or not is_name(found["name"]) or kind not in WORKLOADS:
        return None
    return made("restart", kinds=(kind,), name=found["name"], namespace=namespace)


def _rollback(text: str, namespace: str) -> Request | None:
    verb = rf"(?:roll back|rollback|revert|undo){_THE}(?: last)?(?: rollout of| change of| release of)?{_THE}"
    version = r"(?:previous|last) (?:revision|version)"
    to = rf"(?: to (?:the )?(?:revision (?P<revision>\d+)|{version}))?"
    found = _first((rf"{verb}(?: (?P<kind>deployment|deploy))?(?:[ /](?P<name>{NAME}))?{to}",), text)
    if found is None or (found["name"] and not is_name(found["name"])):
        return None
    revision = int(found["revision"] or 0)
    return made("rollback", name=found["name"] or "", revision=revision, namespace=namespace)


def _delete(text: str, namespace: str) -> Request | None:
    found = _first(
        (rf"(?:delete|remove){_THE} (?P<kind>{KIND})[ /](?P<names>{NAME}(?:(?:, ?| and |, and ){NAME})*)",),
        text,
    )
    if found is None:
        return None
    names = re.split(r", and | and |, ?", found["names"])
    if not all(map(is_name, names)):
        return None
    return made("delete", kind=kind_of(found["kind"]), names=tuple(names), namespace=namespace)


def _image(text: str, namespace: str) -> Request | None:
    image = r"(?P<image>[a-z0-9][\w./:@-]*[:@][\w.:-]+)"
    found = _first(
        (
            rf"(?:set|change|update){_THE} image (?:of|for|on){_THE}{_WORKLOAD} to {image}",
            rf"(?:update|change){_THE}{_WORKLOAD} to (?:the )?image {image}",
        ),
        text,
    )
    kind = kind_of(found["kind"] or "deployment") if found else ""
    if found is None or kind not in WORKLOADS or not is_name(found["name"] or "the"):
        return None
    return made("set-image", kind=kind, name=found["name"], image=found["image"], namespace=namespace)


def _resources(text: str, namespace: str) -> Request | None:
    what = r"(?P<what>memory|cpu) (?P<sort>limit|request)s?"
    amount = r"(?P<amount>\d+(?:\.\d+)?(?:[KMGT]i?|m)?)"
    verb = r"(?:set|change|raise|lower|increase|decrease|update)"
    found = _first((rf"{verb}{_THE} {what} (?:of|for|on){_THE}{_WORKLOAD} to {amount}",), text)
    kind = kind_of(found["kind"] or "deployment") if found else ""
    if found is None or kind not in WORKLOADS or not is_name(found["name"] or "the"):
        return None
    amounts = {f"{found['sort'].lower()}s": {found["what"].lower(): found["amount"]}}
    return made("set-resources", kind=kind, name=found["name"], namespace=namespace, **amounts)


def _mark(text: str, namespace: str) -> Request | None:
    pair = r"(?:with )?(?P<key>[\w./-]+)=(?P<value>[\w.:/@-]*)"
    found = _first((rf"(?P<sort>label|annotate){_THE} (?P<kind>{KIND})[ /](?P<name>{NAME}) {pair}",), text)
    if found is None or not is_name(found["name"]):
        return None
    told = {key: found[key] for key in ("name", "key", "value")}
    return made("mark", sort=found["sort"].lower(), kind=kind_of(found["kind"]), namespace=namespace, **told)


def _cordon(text: str, namespace: str) -> Request | None:
    found = _first((rf"(?P<verb>cordon|uncordon){_THE}(?: node)? (?P<name>{NAME})",), text)
    if found is None or not is_name(found["name"]):
        return None
    return made("cordon", name=found["name"], cordoned=found["verb"].lower() == "cordon")


def _pause(text: str, namespace: str) -> Request | None:
    found = _first((rf"(?P<verb>pause|resume|suspend){_THE}(?: rollout of)?{_THE}{_WORKLOAD}",), text)
    if found is None or not is_name(found["name"] or "the"):
        return None
    kind = kind_of(found["kind"] or "deployment")
    field = {"Deployment": "paused", "CronJob": "suspend", "Job": "suspend"}.get(kind)
    if field is None or (field == "paused" and found["verb"].lower() == "suspend"):
        return None
    value = found["verb"].lower() != "resume"
    return made("patch", kind=kind, name=found["name"], field=field, value=value, namespace=namespace)


def _apply(text: str, namespace: str) -> Request | None:
    found = _first((r"apply(?: the)?(?: file| manifest)? (?P<path>[\w./+@-]+\.ya?ml)",), text)
    return made("apply", path=found["path"], namespace=namespace) if found else None


def _first(patterns: tuple[str, ...], text: str) -> re.Match[str] | None:
    return next((found for p in patterns if (found := re.fullmatch(p, text, re.IGNORECASE))), None)
