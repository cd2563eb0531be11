"""What of kubectl's command line is known, and why the rest is not: what stands in no table is refused."""

from __future__ import annotations

from collections.abc import Sequence

from kitlib.asking.refusal import Refused

# By verb: each flag, and the name under which its value is kept. A name in SWITCHES takes no value.
_PLACE = {"-n": "namespace", "--namespace": "namespace"}
_SPREAD = _PLACE | {"-A": "everywhere", "--all-namespaces": "everywhere"}
_ROLLOUT = dict(_PLACE)
FLAGS: dict[str, dict[str, str]] = {
    "get": _SPREAD
    | {"-l": "labels", "--selector": "labels", "--field-selector": "fields", "-o": "output"}
    | {"--output": "output", "--sort-by": "sort"},
    "describe": _PLACE,
    "logs": _PLACE
    | {"-c": "container", "--container": "container", "-p": "previous", "--previous": "previous"}
    | {"--tail": "tail"},
    "events": _SPREAD | {"--for": "about", "--types": "types"},
    "top": _SPREAD | {"--sort-by": "sort"},
    "rollout status": _ROLLOUT,
    "rollout history": _ROLLOUT,
    "rollout restart": _ROLLOUT,
    "rollout pause": _ROLLOUT,
    "rollout resume": _ROLLOUT,
    "rollout undo": _ROLLOUT | {"--to-revision": "revision"},
    "scale": _PLACE | {"--replicas": "replicas"},
    "delete": _PLACE,
    "set image": _PLACE,
    "set resources": _PLACE
    | {"-c": "container", "--containers": "container", "--limits": "limits", "--requests": "requests"},
    "label": _PLACE | {"--overwrite": "overwrite"},
    "annotate": _PLACE | {"--overwrite": "overwrite"},
    "cordon": {},
    "uncordon": {},
    "patch": _PLACE | {"-p": "patch", "--patch": "patch", "--type": "type"},
    "apply": _PLACE | {"-f": "file", "--filename": "file", "--server-side": "server_side"},
}
SWITCHES = {"everywhere", "previous", "overwrite", "server_side"}
TWO_WORDS = {"rollout", "set"}

_OTHER_CLUSTER = "kit stays on the cluster and the user that it is bound to"
_DANGEROUS = "it skips what protects the objects"
WHY_NOT = {
    "--kubeconfig": _OTHER_CLUSTER,
    "--context": _OTHER_CLUSTER,
    "--cluster": _OTHER_CLUSTER,
    "--user": _OTHER_CLUSTER,
    "--server": _OTHER_CLUSTER,
    "-s": _OTHER_CLUSTER,
    "--token": _OTHER_CLUSTER,
    "--username": _OTHER_CLUSTER,
    "--password": _OTHER_CLUSTER,
    "--as": _OTHER_CLUSTER,
    "--as-group": _OTHER_CLUSTER,
    "--as-uid": _OTHER_CLUSTER,
    "--client-certificate": _OTHER_CLUSTER,
    "--client-key": _OTHER_CLUSTER,
    "--certificate-authority": _OTHER_CLUSTER,
    "--insecure-skip-tls-verify": _OTHER_CLUSTER,
    "--tls-server-name": _OTHER_CLUSTER,
    "--raw": "it reaches any path of the API, past all that kit looks at",
    "--subresource": "it reaches parts of an object that kit does not look at",
    "--dry-run": "every change is first a dry run on the server and then waits for a yes; leave it out",
    "--force": _DANGEROUS,
    "--force-conflicts": _DANGEROUS,
    "--grace-period": _DANGEROUS,
    "--now": _DANGEROUS,
    "--cascade": "what an object owns goes with it; leave it out",
    "--validate": "the server checks all fields; leave it out",
    "--all": "kit changes named objects only, never all of a kind",
    "--prune": "it deletes what a file does not name",
    "-k": "a kustomization may fetch from anywhere; render it into a file first",
    "--kustomize": "a kustomization may fetch from anywhere; render it into a file first",
    "-R": "name each file",
    "--recursive": "name each file",
    "-w": "kit asks once; kit diagnose --watch looks again and again",
    "--watch": "kit asks once; kit diagnose --watch looks again and again",
    "-f": "kit shows the end of a log and does not follow it",
    "--follow": "kit shows the end of a log and does not follow it",
    "--template": "templates can show any field, a Secret's values among them",
    "--show-managed-fields": "it is bookkeeping of the server",
}
_RUNS = "it runs a program of the caller's choice in the cluster"
_TUNNEL = "it opens a way into the cluster past kit"
VERBS_WHY_NOT = {
    "exec": _RUNS,
    "cp": "it runs tar in a container and writes files there or here",
    "attach": _RUNS,
    "debug": _RUNS,
    "run": _RUNS,
    "create": "a new object comes from a file: kubectl apply -f FILE",
    "expose": "a new Service comes from a file: kubectl apply -f FILE",
    "autoscale": "a new autoscaler comes from a file: kubectl apply -f FILE",
    "proxy": _TUNNEL,
    "port-forward": _TUNNEL,
    "edit": "it opens an editor; say which field is to be what",
    "replace": "it overwrites a whole object, or deletes it first",
    "auth": "reconcile changes RBAC, and the rest of it is not known here",
    "certificate": "it hands out credentials",
    "config": "it changes which cluster kubectl talks to, or shows its credentials",
    "plugin": "plugins are programs of anybody",
    "drain": "kit runbook run node-drain does it step by step",
    "taint": "it can evict the pods of a node; kit runbook run node-drain does that step by step",
    "kustomize": "a kustomization may fetch from anywhere",
    "diff": "kit shows the difference before each change; use apply",
    "alpha": "it may change from version to version",
    "token": "it hands out credentials",
}


def split(tokens: Sequence[str]) -> tuple[str, list[str], dict[str, str]]:
    """A command line without its first word: verb, arguments, and the values of its flags by name.

    Raises:
        Refused: the verb or a flag is not known, lacks its value, or comes twice.
    """
    verb, rest = _verb(list(tokens))
    known = FLAGS[verb]
    arguments: list[str] = []
    values: dict[str, str] = {}
    while rest:
        token = rest.pop(0)
        if not token.startswith("-") or token == "-":
            arguments.append(token)
            continue
        flag, value = _flag(token, known)
        if flag not in known:
            raise Refused(f"{flag} is not allowed with {verb}: {_why(flag, verb)}")
        name = known[flag]
        if name in values:
            raise Refused(f"{flag} is given twice")
        values[name] = _value(flag, name, value, rest)
    return verb, arguments, values


def _verb(tokens: list[str]) -> tuple[str, list[str]]:
    """The verb, of one word or two, and what stands around it; only -n and -A may stand before it."""
    before: list[str] = []
    while tokens and tokens[0].startswith("-"):
        token = tokens.pop(0)
        flag = _flag(token, _SPREAD)[0]
        if flag not in _SPREAD:
            raise Refused(f"{flag} is not allowed: {_why(flag, '')}")
        before.append(token)
        if token in _PLACE:
            before += [tokens.pop(0)] if tokens else []
    verb = tokens.pop(0) if tokens else ""
    if verb in TWO_WORDS and tokens:
        verb = f"{verb} {tokens.pop(0)}"
    if verb not in FLAGS:
        known = ", ".join(FLAGS)
        why = VERBS_WHY_NOT.get(verb.partition(" ")[0], f"known are {known}")
        raise Refused(f"kubectl {verb or '(nothing)'} is not carried out: {why}")
    return verb, before + tokens


def _flag(token: str, known: dict[str, str]) -> tuple[str, str | None]:
    """A flag and the value that is joined to it; None when there is none."""
    if token.startswith("--"):
        flag, equals, value = token.partition("=")
        return flag, value if equals else None
    short, value = token[:2], token[2:]
    if value and known.get(short, "everywhere") not in SWITCHES:
        return short, value.removeprefix("=")
    return (short, None) if not value else (token, None)


def _value(flag: str, name: str, joined: str | None, rest: list[str]) -> str:
    if name in SWITCHES:
        if joined not in (None, "true"):
            raise Refused(f"{flag}={joined} is not known; give it or leave it out")
        return "true"
    if joined is None and (not rest or (rest[0].startswith("-") and rest[0] != "-")):
        raise Refused(f"{flag} lacks its value")
    return joined if joined is not None else rest.pop(0)


def _why(flag: str, verb: str) -> str:
    if flag in ("-f", "--filename") and verb == "delete":
        return "name what is to be deleted"
    if flag in ("-l", "--selector") and verb not in ("get", ""):
        return "kit changes named objects only, never whatever a selector finds"
    return WHY_NOT.get(flag, "it is not in the table of what kit knows, and what it does not know it refuses")
