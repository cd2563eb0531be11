"""Where in the cluster the thing stands that a container's log complains of."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

from kitlib.diagnosis.calling import addresses_of
from kitlib.diagnosis.certificates import expiry
from kitlib.diagnosis.environment import Address, Variable, variables
from kitlib.diagnosis.evidence import Evidence
from kitlib.diagnosis.logs import Said
from kitlib.diagnosis.rules.places import address_place, file_place, variable_place, variable_ref
from kitlib.diagnosis.scan import Log, ref
from kitlib.diagnosis.templates import container_path, pod_path
from kitlib.findings import Ref

Place = tuple[Ref, str, str, str]  # object, field, found, expected


def place(evidence: Evidence, log: Log, said: Said) -> Place:
    """The object and field that a statement is about, what is found there, and what is expected."""
    return _PLACES.get(said.kind, _own)(evidence, log, said)


def _own(evidence: Evidence, log: Log, said: Said) -> Place:
    """The value that its last words name, if the template gives it one; else the program itself."""
    if (named := _named_value(evidence, log, said)) is not None:
        return *named, said.exception or said.text[:200], "a value that the program takes"
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


def _number(evidence: Evidence, log: Log, said: Said) -> Place:
    """A division by zero: the variable that is zero, if there is just one."""
    zero = [v for v in _variables(evidence, log.container) if v.value.strip() in ("0", "0.0")]
    if len(zero) != 1:
        return _own(evidence, log, said)
    where, field = variable_ref(evidence, zero[0])
    return where, field, f"{zero[0].name} is 0", "a number that it can divide by"


def _unset(evidence: Evidence, log: Log, said: Said) -> Place:
    names = [v.name for v in _variables(evidence, log.container)]
    near = get_close_matches(said.variable, names, n=1, cutoff=0.75)
    path = container_path(evidence.workload, log.container, "env")
    if near:
        where, field = variable_place(evidence, log.container, near[0])
        return where, field, f"{near[0]}, and no {said.variable}", f"variable {said.variable}"
    return evidence.ref, path, f"no variable {said.variable}", f"variable {said.variable}, with a value"


def _invalid(evidence: Evidence, log: Log, said: Said) -> Place:
    where, field = variable_place(evidence, log.container, said.variable)
    return (
        where,
        field,
        said.detail or f"a value of {said.variable} that it refuses",
        "a value that the program takes",
    )


def _address(evidence: Evidence, log: Log, said: Said) -> Place:
    target = said.host + (f":{said.port}" if said.port else "")
    found = _meant(evidence, log, said)
    if found is None:
        path = container_path(evidence.workload, log.container, "env")
        return evidence.ref, path, target or said.text[:200], "an address where something answers"
    where, field = address_place(evidence, found)
    return where, field, target or f"{found.host}:{found.port or ''}", "an address where something answers"


def _credential(evidence: Evidence, log: Log, said: Said) -> Place:
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


def _database(evidence: Evidence, log: Log, said: Said) -> Place:
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


def _file(evidence: Evidence, log: Log, said: Said) -> Place:
    if not said.file:
        return _arguments(evidence, log, said)
    where, field = file_place(evidence, log.container, said.file)
    return where, field, said.file or said.text[:200], "a file that is there, and that the container may use"


def _read_only(evidence: Evidence, log: Log, said: Said) -> Place:
    path = container_path(evidence.workload, log.container, "volumeMounts")
    return (
        evidence.ref,
        path,
        f"{said.file or 'the path'} on the container's read-only root",
        "an emptyDir mounted where it writes",
    )


def _denied(evidence: Evidence, log: Log, said: Said) -> Place:
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


def _arguments(evidence: Evidence, log: Log, said: Said) -> Place:
    spec = next((s.spec for s in evidence.statuses if s.name == log.container), {})
    field = "args" if spec.get("args") else "command" if spec.get("command") else "image"
    return (
        evidence.ref,
        container_path(evidence.workload, log.container, field),
        said.detail or said.file or said.text[:200],
        "arguments that the program knows",
    )


def _certificate(evidence: Evidence, log: Log, said: Said) -> Place:
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


def _meant(evidence: Evidence, log: Log, said: Said) -> Address | None:
    """The address that a statement is about: of the host it names, else the only one that fits."""
    told = [
        a for a in addresses_of(evidence.scan, evidence.workload) if a.variable.container == log.container
    ]
    named = [a for a in told if said.host and a.host.split(".")[0] == said.host.split(".")[0]]
    ports = [a for a in told if said.port and a.port == said.port]
    chosen = named or ([] if said.host else ports or (told if len({a.host for a in told}) == 1 else []))
    return chosen[0] if chosen else None


def _variables(evidence: Evidence, container: str) -> list[Variable]:
    return [v for v in variables(evidence.template, evidence.objects) if v.container == container]


_PLACES: dict[str, Callable[[Evidence, Log, Said], Place]] = {
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
