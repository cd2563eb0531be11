"""What each verb of kubectl becomes, from its arguments and the values of its flags."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from kitlib.asking.flags import FLAGS
from kitlib.asking.made import Request, made
from kitlib.asking.refusal import Refused
from kitlib.asking.request import WORKLOADS
from kitlib.cluster.kinds import KINDS, resolve_kind

Values = Mapping[str, str]
# kubernetes.io/docs/reference/kubectl: the kinds in its category `all`.
ALL = (
    "Pod",
    "Service",
    "DaemonSet",
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "HorizontalPodAutoscaler",
    "CronJob",
    "Job",
)


def requests(verb: str, arguments: list[str], values: Values) -> list[Request]:
    """The requests of one command line, as `flags.split` has taken it apart.

    Raises:
        Refused, ValidationError: it asks for something that is not known.
    """
    return _VERBS[verb](verb, arguments, values)


def _get(verb: str, arguments: list[str], values: Values) -> list[Request]:
    where = _spread(values)
    chosen = {key: values[key] for key in ("labels", "fields", "output") if key in values}
    if arguments == ["all"]:
        return [made("get", kinds=ALL, **where, **chosen)]
    targets = _targets(arguments)
    if _events(targets) and not chosen:
        return [made("events", **where)]
    if "sort" in values:
        raise Refused("--sort-by is known for events only, which kit sorts by time anyway")
    return [made("get", kinds=kinds, names=tuple(names), **where, **chosen) for kinds, names in targets]


def _describe(verb: str, arguments: list[str], values: Values) -> list[Request]:
    return [
        made("describe", kind=kind, name=name, **_place(values)) for kind, name in _named(verb, arguments)
    ]


def _logs(verb: str, arguments: list[str], values: Values) -> list[Request]:
    if len(arguments) not in (1, 2):
        raise Refused("logs takes a pod, or KIND/NAME, and perhaps a container")
    kind, slash, name = arguments[0].rpartition("/")
    options: dict[str, Any] = {key: values[key] for key in ("container", "tail") if key in values}
    options |= {"container": arguments[1]} if len(arguments) == 2 else {}
    options["previous"] = "previous" in values
    canonical = resolve_kind(kind)[0] if slash else "Pod"
    return [made("logs", kind=canonical, name=name, **options, **_place(values))]


def _events_of(verb: str, arguments: list[str], values: Values) -> list[Request]:
    if arguments or values.get("types", "Warning") != "Warning":
        raise Refused("events takes --for KIND/NAME and --types=Warning")
    kind, _, name = values.get("about", "").partition("/")
    return [
        made(
            "events",
            kind=resolve_kind(kind)[0] if kind else "",
            name=name,
            failures="types" in values,
            **_spread(values),
        )
    ]


def _top(verb: str, arguments: list[str], values: Values) -> list[Request]:
    of = {"pod": "pods", "pods": "pods", "po": "pods", "node": "nodes", "nodes": "nodes", "no": "nodes"}
    if len(arguments) != 1 or arguments[0] not in of:
        raise Refused("top takes pods or nodes")
    place = _spread(values)
    return [made("top", of=of[arguments[0]], by=values.get("sort", "memory"), **place)]


def _rollout(verb: str, arguments: list[str], values: Values) -> list[Request]:
    what, place = verb.partition(" ")[2], _place(values)
    if what == "restart" and len(arguments) == 1 and "/" not in arguments[0]:
        return [made("restart", kinds=_workloads(arguments[0]), **place)]
    found: list[Request] = []
    for kind, name in _named(verb, arguments):
        if what in ("status", "history"):
            found.append(made("rollout", of=what, kind=kind, name=name, **place))
        elif what == "restart":
            found.append(made("restart", kinds=_workloads(kind), name=name, **place))
        elif what == "undo":
            revision = int(_number(values.get("revision", "0")))
            found.append(made("rollback", kind=kind, name=name, revision=revision, **place))
        else:
            paused = what == "pause"
            found.append(made("patch", kind=kind, name=name, field="paused", value=paused, **place))
    return found


def _scale(verb: str, arguments: list[str], values: Values) -> list[Request]:
    if "replicas" not in values:
        raise Refused("scale lacks --replicas")
    replicas = _number(values["replicas"])
    return [
        made("scale", kind=kind, name=name, replicas=replicas, **_place(values))
        for kind, name in _named(verb, arguments)
    ]


def _delete(verb: str, arguments: list[str], values: Values) -> list[Request]:
    by_kind: dict[str, list[str]] = {}
    for kind, name in _named(verb, arguments):
        by_kind.setdefault(kind, []).append(name)
    return [made("delete", kind=kind, names=tuple(n), **_place(values)) for kind, n in by_kind.items()]


def _set(verb: str, arguments: list[str], values: Values) -> list[Request]:
    place = _place(values)
    targets = [item for item in arguments if "=" not in item]
    pairs = [item.partition("=")[::2] for item in arguments if "=" in item]
    named = _named(verb, targets)
    if verb == "set image":
        if not pairs:
            raise Refused("set image lacks CONTAINER=IMAGE")
        return [
            made("set-image", kind=k, name=n, container=c.removeprefix("*"), image=i, **place)
            for k, n in named
            for c, i in pairs
        ]
    amounts = {key: _pairs(values[key]) for key in ("limits", "requests") if key in values}
    container = {"container": values["container"]} if "container" in values else {}
    return [made("set-resources", kind=k, name=n, **container, **amounts, **place) for k, n in named]


def _mark(verb: str, arguments: list[str], values: Values) -> list[Request]:
    ends = [item for item in arguments if "=" in item or item.endswith("-")]
    targets = _named(verb, [item for item in arguments if item not in ends])
    if not ends:
        raise Refused(f"{verb} lacks KEY=VALUE, or KEY- to remove one")
    found: list[Request] = []
    for kind, name in targets:
        for end in ends:
            key, equals, value = end.partition("=")
            told = (key, value) if equals else (end.removesuffix("-"), None)
            found.append(
                made("mark", sort=verb, kind=kind, name=name, key=told[0], value=told[1], **_place(values))
            )
    return found


def _cordon(verb: str, arguments: list[str], values: Values) -> list[Request]:
    if not arguments:
        raise Refused(f"{verb} lacks a node")
    names = [item.removeprefix("node/") for item in arguments]
    return [made("cordon", name=name, cordoned=verb == "cordon") for name in names]


def _patch(verb: str, arguments: list[str], values: Values) -> list[Request]:
    if values.get("type", "strategic") not in ("strategic", "merge"):
        raise Refused("patch takes --type=merge or strategic; a JSON patch is not read")
    try:
        body = json.loads(values.get("patch", ""))
    except ValueError:
        raise Refused("the patch is not JSON") from None
    spec = body.get("spec") if isinstance(body, dict) and list(body) == ["spec"] else None
    if not isinstance(spec, dict) or len(spec) != 1:
        raise Refused('a patch sets one field of the spec: -p {"spec":{"FIELD":VALUE}}')
    ((field, value),) = spec.items()
    found: list[Request] = []
    for kind, name in _named(verb, arguments):
        place = _place(values)
        if field == "replicas":
            found.append(made("scale", kind=kind, name=name, replicas=value, **place))
        else:
            found.append(made("patch", kind=kind, name=name, field=field, value=value, **place))
    return found


def _apply(verb: str, arguments: list[str], values: Values) -> list[Request]:
    if arguments or "file" not in values:
        raise Refused("apply takes -f FILE and nothing else")
    return [made("apply", path=values["file"], **_place(values))]


def _targets(arguments: list[str]) -> list[tuple[tuple[str, ...], list[str]]]:
    """Kinds and names: `pods`, `pods,services`, `pod a b`, or `pod/a svc/b`."""
    if not arguments:
        raise Refused("it names no kind of object")
    if all("/" in item for item in arguments):
        pairs = [item.split("/", 1) for item in arguments]
        return [((_kind(kind),), [name]) for kind, name in pairs]
    if any("/" in item for item in arguments):
        raise Refused("KIND/NAME and KIND NAME don't go together")
    kinds = tuple(_kind(item) for item in arguments[0].split(","))
    return [(kinds, arguments[1:])]


def _named(verb: str, arguments: list[str]) -> list[tuple[str, str]]:
    """Kind and name of each object; all of them have one."""
    found = [(kinds, name) for kinds, names in _targets(arguments) for name in names or [""]]
    if any(not name or len(kinds) > 1 for kinds, name in found):
        raise Refused(f"{verb} needs the names of the objects, each of one kind")
    return [(kinds[0], name) for kinds, name in found]


def _kind(text: str) -> str:
    canonical, _ = resolve_kind(text)
    if canonical not in KINDS:
        raise Refused(f"{text!r} is none of the kinds that kit ask knows", "kubectl itself knows the others")
    return canonical


def _workloads(text: str) -> Any:
    kinds = tuple(_kind(item) for item in text.split(","))
    if not set(kinds) <= set(WORKLOADS):
        raise Refused(f"{text} can't be restarted; {', '.join(WORKLOADS)} can")
    return kinds


def _events(targets: list[tuple[tuple[str, ...], list[str]]]) -> bool:
    return targets == [(("Event",), [])]


def _place(values: Values) -> dict[str, Any]:
    return {"namespace": values["namespace"]} if "namespace" in values else {}


def _spread(values: Values) -> dict[str, Any]:
    return _place(values) | ({"everywhere": True} if "everywhere" in values else {})


def _number(text: str) -> int:
    if not text.isdigit():
        raise Refused(f"{text!r} is no number")
    return int(text)


def _pairs(text: str) -> dict[str, str]:
    return dict(item.partition("=")[::2] for item in text.split(","))


_VERBS: dict[str, Callable[[str, list[str], Values], list[Request]]] = {
    "get": _get,
    "describe": _describe,
    "logs": _logs,
    "events": _events_of,
    "top": _top,
    "scale": _scale,
    "delete": _delete,
    "label": _mark,
    "annotate": _mark,
    "cordon": _cordon,
    "uncordon": _cordon,
    "patch": _patch,
    "apply": _apply,
    "set image": _set,
    "set resources": _set,
    **{verb: _rollout for verb in FLAGS if verb.startswith("rollout ")},
}
