"""What programs say went wrong, tied to the place in the cluster where it can be mended."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

from kitlib.diagnosis.calling import addresses_of, service_of
from kitlib.diagnosis.cause import Cause, Strength
from kitlib.diagnosis.environment import Address, Variable, variables
from kitlib.diagnosis.evidence import Evidence
from kitlib.diagnosis.logs import Said, understand
from kitlib.diagnosis.rules.places import address_place, file_place, variable_place, variable_ref
from kitlib.diagnosis.rules.services import behind
from kitlib.diagnosis.scan import Log, ref
from kitlib.diagnosis.templates import container_path, pod_path
from kitlib.findings import Finding, Fix, Quote, Ref

RECENT_LINES = 12  # a probe's or a client's tries of the last seconds
MOST = 3  # statements of one container's log that are followed
# Strong where the program names what stands in the cluster, weak where it only says that it failed.
_WEAK = {
    "uncaught",
    "arithmetic",
    "http-status",
    "connection-reset",
    "connection-refused",
    "connection-timeout",
}
_REMOTE = {"connection-refused", "connection-timeout", "connection-reset", "http-status", "startup-waiting"}
_SERVER = {
    "auth-failed",
    "database-missing",
    "role-missing",
    "relation-missing",
    "too-many-connections",
    "redis-misconf",
}
_SHOWN_ELSEWHERE = {"forbidden"}  # has a rule of its own, which looks at roles


def said(evidence: Evidence) -> list[Cause]:
    """The statements of the workload's logs as causes; those of the last run of a container first."""
    found: dict[tuple[str, str, str], Cause] = {}
    for log in evidence.logs:
        for statement in _statements(evidence, log)[:MOST]:
            if statement.kind in _SHOWN_ELSEWHERE or _passing(evidence, log, statement):
                continue
            cause = _cause(evidence, log, statement)
            found.setdefault((cause.finding.id, str(cause.finding.object), cause.finding.field), cause)
    return list(found.values())


def _statements(evidence: Evidence, log: Log) -> list[Said]:
    """What a log says of the present: of a container that runs, its last lines, if they say anything."""
    statuses = [s for s in evidence.statuses if (s.pod.name, s.name) == (log.pod, log.container)]
    if not log.previous and any(status.state("running") for status in statuses):
        lines = [line for line in log.text.splitlines() if line.strip()]
        if recent := understand("\n".join(lines[-RECENT_LINES:])):
            last = {said.kind for said in understand("\n".join(lines[-RECENT_LINES // 3 :]))}
            return [said for said in recent if said.kind in last] or recent
    return understand(log.text)


def _passing(evidence: Evidence, log: Log, statement: Said) -> bool:
    """Whether a container that runs well has got over it: what it said while something was away."""
    for item in evidence.statuses:
        if (item.pod.name, item.name) == (log.pod, log.container) and item.status.get("ready"):
            return statement.kind in _REMOTE | _SERVER | {"host-unresolved"} or log.previous
    return False


def _cause(evidence: Evidence, log: Log, statement: Said) -> Cause:
    place = _PLACES.get(statement.kind, _own)
    where, field, found, expected = place(evidence, log, statement)
    blames = _blamed(evidence, statement) if statement.kind in _REMOTE | _SERVER else ()
    strength = Strength.WEAK if statement.kind in _WEAK else Strength.SAID
    finding = Finding(
        "error" if any(not s.status.get("ready") for s in evidence.statuses if not s.init) else "warning",
        f"said-{statement.kind}",
        _title(evidence, log, statement),
        where,
        found=found,
        expected=expected,
        why="this is the container's own word, the last before it ended"
        if log.previous
        else "this is the container's own word",
        fix=Fix(
            f"correct {field} of {where}" if field else "mend the program, or go back to its last good image"
        ),
        evidence=(Quote(statement.text, log.source),),
        field=field,
    )
    return Cause(finding, affects=(evidence.ref,), blames=blames, strength=strength)


def _title(evidence: Evidence, log: Log, said: Said) -> str:
    who = f"container {log.container}"
    target = said.host + (f":{said.port}" if said.port else "")
    titles = {
        "variable-unset": f"{who} needs variable {said.variable}, which is not set",
        "variable-invalid": f"{who} can't use the value of variable {said.variable}",
        "host-unresolved": f"{who} calls a host that does not resolve: {said.host}",
        "connection-refused": f"{who} gets no connection: {target or 'refused'}",
        "connection-timeout": f"{who} gets no answer from {target or 'another service'}",
        "connection-reset": f"{who} loses its connection to {target or 'another service'}",
        "startup-waiting": f"{who} waits for {target or 'something that does not come'}",
        "auth-failed": f"{who} is not let in: wrong password{f' of user {said.user}' if said.user else ''}",
        "database-missing": f"database {said.database} does not exist",
        "role-missing": f"database user {said.user} does not exist",
        "relation-missing": f"{who} misses a table: {said.detail}; were the migrations run?",
        "permission-denied": f"{who} may not use {said.file or 'a file'}",
        "read-only-file-system": f"{who} writes to {said.file or 'a file'} on a read-only file system",
        "file-missing": f"{who} misses the file {said.file}",
        "module-missing": f"{who} misses a module: {said.detail}",
        "command-missing": f"{who} runs a program that the image does not have: {said.detail}",
        "port-in-use": f"{who} can't listen: port {said.port or ''} is in use",
        "certificate-expired": f"{who} meets a certificate that has expired",
        "certificate-untrusted": f"{who} does not trust a certificate",
        "certificate-name": f"{who} meets a certificate for another name",
        "tls-mismatch": f"{who} speaks the wrong protocol (TLS or plain) to {target or 'a service'}",
        "config-invalid": f"{who} can't read its configuration{f' {said.file}' if said.file else ''}",
        "usage": f"{who} is started with arguments that it does not know",
        "disk-full": f"{who} has no space left{f' for {said.file}' if said.file else ''}",
        "out-of-memory": f"{who} runs out of memory by its own account",
    }
    failed = f"{who} fails: {said.exception or said.detail or said.kind}"
    return titles.get(said.kind, failed) + (
        f" at {said.where}" if said.kind in ("uncaught", "arithmetic") and said.where else ""
    )


def _own(evidence: Evidence, log: Log, said: Said) -> tuple[Ref, str, str, str]:
    """The value that its last words name, if the template gives it one; else the program itself."""
    if (place := _named_value(evidence, log, said)) is not None:
        return *place, said.exception or said.text[:200], "a value that the program takes"
    found = said.exception or said.text
    return (
        evidence.ref,
        container_path(evidence.workload, log.container, "image"),
        found[:200],
        "a program that goes on",
    )


def _named_value(evidence: Evidence, log: Log, said: Said) -> tuple[Ref, str] | None:
    """Where a value that the statement names is given to the container: an argument, or a variable."""
    words = {word.strip("'\"`,;:()[]{}") for word in said.text.split()} - {""}
    spec = next((s.spec for s in evidence.statuses if s.name == log.container), {})
    for field in ("args", "command"):
        if any(str(part) in words for part in spec.get(field) or () if not str(part).startswith("/")):
            return evidence.ref, container_path(evidence.workload, log.container, field)
    for variable in _variables(evidence, log.container):
        if len(variable.value) > 1 and variable.value in words:
            return variable_ref(evidence, variable)
    return None


def _number(evidence: Evidence, log: Log, said: Said) -> tuple[Ref, str, str, str]:
    """A division by zero: the variable that is zero, if there is just one."""
    zero = [v for v in _variables(evidence, log.container) if v.value.strip() in ("0", "0.0")]
    if len(zero) != 1:
        return _own(evidence, log, said)
    where, field = variable_ref(evidence, zero[0])
    return where, field, f"{zero[0].name} is 0", "a number that it can divide by"


def _unset(evidence: Evidence, log: Log, said: Said) -> tuple[Ref, str, str, str]:
    names = [v.name for v in _variables(evidence, log.container)]
    near = get_close_matches(said.variable, names, n=1, cutoff=0.75)
    path = container_path(evidence.workload, log.container, "env")
    if near:
        where, field = variable_place(evidence, log.container, near[0])
        return where, field, f"{near[0]}, and no {said.variable}", f"variable {said.variable}"
    return evidence.ref, path, f"no variable {said.variable}", f"variable {said.variable}, with a value"


def _invalid(evidence: Evidence, log: Log, said: Said) -> tuple[Ref, str, str, str]:
    where, field = variable_place(evidence, log.container, said.variable)
    return (
        where,
        field,
        said.detail or f"a value of {said.variable} that it refuses",
        "a value that the program takes",
    )


def _address(evidence: Evidence, log: Log, said: Said) -> tuple[Ref, str, str, str]:
    target = said.host + (f":{said.port}" if said.port else "")
    found = _meant(evidence, log, said)
    if found is None:
        path = container_path(evidence.workload, log.container, "env")
        return evidence.ref, path, target or said.text[:200], "an address where something answers"
    where, field = address_place(evidence, found)
    return where, field, target or f"{found.host}:{found.port or ''}", "an address where something answers"


def _credential(evidence: Evidence, log: Log, said: Said) -> tuple[Ref, str, str, str]:
    found = _meant(evidence, log, said)
    secret = next(
        (
            v
            for v in _variables(evidence, log.container)
            if v.source and v.source.kind == "Secret" and "PASS" in v.name.upper()
        ),
        None,
    )
    if (found is not None and "***@" in found.variable.value) or (secret is None and found is not None):
        where, field = address_place(evidence, found)
    elif secret is not None:
        where, field = variable_ref(evidence, secret)
    else:
        where, field = evidence.ref, container_path(evidence.workload, log.container, "env")
    return (
        where,
        field,
        f"credentials{f' of {said.user}' if said.user else ''} that the server refuses",
        "the password that the server has",
    )


def _database(evidence: Evidence, log: Log, said: Said) -> tuple[Ref, str, str, str]:
    named = said.database or said.user
    for variable in _variables(evidence, log.container):
        if variable.value == named or variable.value.rpartition("/")[2].partition("?")[0] == named:
            where, field = variable_ref(evidence, variable)
            return (
                where,
                field,
                named,
                "a database that the server has" if said.database else "a user that the server has",
            )
    where, field, _, _ = _address(evidence, log, said)
    return where, field, named, "one that the server has"


def _file(evidence: Evidence, log: Log, said: Said) -> tuple[Ref, str, str, str]:
    if not said.file:
        return _arguments(evidence, log, said)
    where, field = file_place(evidence, log.container, said.file)
    return where, field, said.file or said.text[:200], "a file that is there, and that the container may use"


def _read_only(evidence: Evidence, log: Log, said: Said) -> tuple[Ref, str, str, str]:
    path = container_path(evidence.workload, log.container, "volumeMounts")
    return (
        evidence.ref,
        path,
        f"{said.file or 'the path'} on the container's read-only root",
        "an emptyDir mounted where it writes",
    )


def _denied(evidence: Evidence, log: Log, said: Said) -> tuple[Ref, str, str, str]:
    path = container_path(evidence.workload, log.container, "securityContext.runAsUser")
    for mount in (
        next((s.spec for s in evidence.statuses if s.name == log.container), {}).get("volumeMounts") or ()
    ):
        if said.file.startswith(mount["mountPath"]):
            path = f"{pod_path(evidence.workload)}.securityContext.fsGroup"
    return (
        evidence.ref,
        path,
        said.file or said.text[:200],
        "a user that owns the file, or a group by fsGroup",
    )


def _arguments(evidence: Evidence, log: Log, said: Said) -> tuple[Ref, str, str, str]:
    spec = next((s.spec for s in evidence.statuses if s.name == log.container), {})
    field = "args" if spec.get("args") else "command" if spec.get("command") else "image"
    return (
        evidence.ref,
        container_path(evidence.workload, log.container, field),
        said.detail or said.file or said.text[:200],
        "arguments that the program knows",
    )


def _certificate(evidence: Evidence, log: Log, said: Said) -> tuple[Ref, str, str, str]:
    from kitlib.diagnosis.certificates import expiry

    for secret in evidence.scan.of("Secret", evidence.workload.namespace):
        for key in secret.get("data") or {}:
            ends = expiry(secret, key)
            if ends is not None and ends < evidence.at and said.kind == "certificate-expired":
                return (
                    ref(secret),
                    f"data[{key}]",
                    f"valid until {ends.isoformat()}",
                    "a certificate that is valid now",
                )
    return _address(evidence, log, said)


_PLACES: dict[str, Callable[[Evidence, Log, Said], tuple[Ref, str, str, str]]] = {
    "variable-unset": _unset,
    "variable-invalid": _invalid,
    "arithmetic": _number,
    "host-unresolved": _address,
    "connection-refused": _address,
    "connection-timeout": _address,
    "connection-reset": _address,
    "startup-waiting": _address,
    "http-status": _address,
    "tls-mismatch": _address,
    "auth-failed": _credential,
    "database-missing": _database,
    "role-missing": _database,
    "file-missing": _file,
    "config-invalid": _file,
    "permission-denied": _denied,
    "read-only-file-system": _read_only,
    "usage": _arguments,
    "command-missing": _arguments,
    "certificate-expired": _certificate,
    "certificate-untrusted": _certificate,
    "certificate-name": _address,
}


def _meant(evidence: Evidence, log: Log, said: Said) -> Address | None:
    """The address that a statement is about: of the host it names, else the only one that fits."""
    told = [
        a for a in addresses_of(evidence.scan, evidence.workload) if a.variable.container == log.container
    ]
    named = [a for a in told if said.host and a.host.split(".")[0] == said.host.split(".")[0]]
    ports = [a for a in told if said.port and a.port == said.port]
    chosen = named or ([] if said.host else ports or (told if len({a.host for a in told}) == 1 else []))
    return chosen[0] if chosen else None


def _blamed(evidence: Evidence, said: Said) -> tuple[Ref, ...]:
    """The Service that is called and the workloads behind it: their trouble would explain this."""
    scan, here = evidence.scan, evidence.workload.namespace
    hosts = (
        [said.host]
        if said.host
        else [a.host for a in addresses_of(scan, evidence.workload) if said.port in (None, a.port)]
    )
    found: list[Ref] = []
    for host in hosts:
        service = service_of(scan, host, here)
        if service is not None:
            found += [ref(service), *(scan.owner_ref(pod) for pod in behind(scan, service))]
            found += _owners_without_pods(evidence, service.at("spec.selector", {}))
    return tuple(one for one in dict.fromkeys(found) if one != evidence.ref)


def _owners_without_pods(evidence: Evidence, selector: dict[str, str]) -> list[Ref]:
    here = evidence.workload.namespace
    return [
        ref(item)
        for item in evidence.scan.workloads()
        if item.namespace == here
        and selector
        and selector.items() <= item.at("spec.template.metadata.labels", {}).items()
    ]


def _variables(evidence: Evidence, container: str) -> list[Variable]:
    return [v for v in variables(evidence.template, evidence.objects) if v.container == container]
