"""The Pod Security Standards, field by field: what the levels baseline and restricted forbid in a pod.

Source of the lists: kubernetes.io/docs/concepts/security/pod-security-standards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kitlib.checks.targets import Container, KubeObject, dig, mapping, sequence

Level = Literal["baseline", "restricted"]
Path = tuple[str | int, ...]
LEVELS = ("privileged", "baseline", "restricted")
ENFORCE = "pod-security.kubernetes.io/enforce"
_CAPABILITIES = {
    *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE"),
    *("SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
}
_VOLUMES = {
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected"),
    "secret",
}
_SYSCTLS = {
    *("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start"),
    *("net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports"),
    *("net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl"),
    "net.ipv4.tcp_keepalive_probes",
}
_SELINUX = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")


@dataclass(frozen=True)
class Violation:
    """A field that a level forbids.

    Args:
        control: a short name of what is violated.
        level: the lowest level that forbids it.
        path: where it stands in the object; a field that is missing: where it belongs.
        found: what is there.
        expected: what the level asks for.
        fix: the line to write.
    """

    control: str
    level: Level
    path: Path
    found: str
    expected: str
    fix: str


def _baseline(control: str, path: Path, found: str, fix: str, expected: str = "") -> Violation:
    return Violation(control, "baseline", path, found, expected or fix, fix)


def _restricted(control: str, path: Path, found: str, fix: str, expected: str = "") -> Violation:
    return Violation(control, "restricted", path, found, expected or fix, fix)


def violations(item: KubeObject) -> Iterator[Violation]:
    """All that the levels baseline and restricted forbid in the pods of an object."""
    if item.pod_path is None or dig(item.pod_spec, ["os", "name"]) == "windows":
        return
    yield from _host(item)
    yield from _volumes(item)
    yield from _pod_settings(item)
    for container in item.containers():
        yield from _privileges(container)
        yield from _capabilities(container)
        yield from _user(container)
        yield from _seccomp(container)


def enforced(item: KubeObject) -> str:
    """The level that the Namespace of an object enforces, by the bundle; privileged if unknown."""
    spaces = [
        space for space in item.bundle.of("Namespace") if not item.namespace or space.name == item.namespace
    ]
    level = mapping(spaces[0].get("metadata", "labels")).get(ENFORCE) if len(spaces) == 1 else None
    return level if level in LEVELS else "privileged"


def is_enforced(item: KubeObject, violation: Violation) -> bool:
    """Whether the Namespace of an object rejects pods for a violation."""
    return LEVELS.index(enforced(item)) >= LEVELS.index(violation.level)


def _host(item: KubeObject) -> Iterator[Violation]:
    path = item.pod_path or ()
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if item.pod_spec.get(field) is True:
            yield _baseline("host-namespace", (*path, field), f"{field}: true", f"{field}: false")
    for container in item.containers():
        for index, port in enumerate(map(mapping, sequence(container.get("ports")))):
            if port.get("hostPort"):
                where, found = (*container.path, "ports", index, "hostPort"), f"hostPort: {port['hostPort']}"
                yield _baseline("host-port", where, found, f"remove {found}", "a Service")


def _volumes(item: KubeObject) -> Iterator[Violation]:
    for index, volume in enumerate(map(mapping, sequence(item.pod_spec.get("volumes")))):
        path: Path = (*(item.pod_path or ()), "volumes", index)
        for kind in [key for key in volume if key != "name" and key not in _VOLUMES]:
            found = f"{kind} in volume {volume.get('name')}"
            if kind == "hostPath":
                fix = "emptyDir: {}   # or a persistentVolumeClaim"
                yield _baseline("host-path", (*path, kind), found, fix, "a volume that isn't the node's")
            else:
                expected = ", ".join(sorted(_VOLUMES))
                yield _restricted("volume-type", (*path, kind), found, "a persistentVolumeClaim", expected)


def _pod_settings(item: KubeObject) -> Iterator[Violation]:
    path: Path = (*(item.pod_path or ()), "securityContext")
    for index, entry in enumerate(map(mapping, sequence(dig(item.pod_spec, ["securityContext", "sysctls"])))):
        if entry.get("name") not in _SYSCTLS:
            where, found = (*path, "sysctls", index), f"sysctl {entry.get('name')}"
            yield _baseline("sysctl", where, found, f"remove {found}", "sysctls that end at the pod")
    contexts: list[tuple[Path, Mapping[str, Any]]] = [(path, mapping(item.pod_spec.get("securityContext")))]
    contexts += [((*c.path, "securityContext"), mapping(c.get("securityContext"))) for c in item.containers()]
    for place, context in contexts:
        options = mapping(context.get("seLinuxOptions"))
        if str(options.get("type", "")) not in _SELINUX or options.get("user") or options.get("role"):
            where, found = (*place, "seLinuxOptions"), f"seLinuxOptions: {dict(options)}"
            yield _baseline(
                "selinux", where, found, "remove seLinuxOptions", "a container's type, no user, no role"
            )


def _privileges(container: Container) -> Iterator[Violation]:
    context, path = mapping(container.get("securityContext")), (*container.path, "securityContext")
    if context.get("privileged") is True:
        found = f"privileged: true in {container.name}"
        yield _baseline("privileged", (*path, "privileged"), found, "privileged: false")
    if context.get("procMount", "Default") != "Default":
        found = f"procMount: {context['procMount']} in {container.name}"
        yield _baseline("proc-mount", (*path, "procMount"), found, "procMount: Default")
    if context.get("allowPrivilegeEscalation") is not False:
        found = f"{_said(context, 'allowPrivilegeEscalation')} in {container.name}"
        where, fix = (*path, "allowPrivilegeEscalation"), "allowPrivilegeEscalation: false"
        yield _restricted("privilege-escalation", where, found, f"securityContext: {{{fix}}}", fix)


def _capabilities(container: Container) -> Iterator[Violation]:
    lists = mapping(container.get("securityContext", "capabilities"))
    path = (*container.path, "securityContext", "capabilities")
    dropped, added = (set(map(str, sequence(lists.get(key)))) for key in ("drop", "add"))
    if "ALL" not in dropped:
        found = f"drop: [{', '.join(sorted(dropped))}] in {container.name}"
        fix = "securityContext: {capabilities: {drop: [ALL]}}"
        yield _restricted("capabilities", (*path, "drop"), found, fix, "drop: [ALL]")
    extra = added - {"NET_BIND_SERVICE"}
    if extra:
        names = ", ".join(sorted(extra))
        make = _restricted if extra <= _CAPABILITIES else _baseline
        found, fix = f"add: [{names}] in {container.name}", f"remove {names} from add:"
        yield make("capabilities-added", (*path, "add"), found, fix, "at most NET_BIND_SERVICE")


def _user(container: Container) -> Iterator[Violation]:
    place, context = _context(container, "runAsNonRoot")
    if context.get("runAsNonRoot") is not True:
        found = f"{_said(context, 'runAsNonRoot')} for {container.name}"
        fix = "securityContext: {runAsNonRoot: true, runAsUser: 1000}   # of the pod"
        yield _restricted("run-as-root", (*place, "runAsNonRoot"), found, fix, "runAsNonRoot: true")
    place, context = _context(container, "runAsUser")
    if context.get("runAsUser") == 0:
        found = f"runAsUser: 0 for {container.name}"
        yield _restricted(
            "run-as-root", (*place, "runAsUser"), found, "runAsUser: 1000", "a user that isn't root"
        )


def _seccomp(container: Container) -> Iterator[Violation]:
    place, context = _context(container, "seccompProfile")
    kind = dig(context, ["seccompProfile", "type"])
    if kind in ("RuntimeDefault", "Localhost"):
        return
    found = f"seccompProfile type {kind}" if kind else "no seccompProfile"
    fix = "seccompProfile: {type: RuntimeDefault}"
    make = _baseline if kind == "Unconfined" else _restricted
    where, line = (*place, "seccompProfile"), f"securityContext: {{{fix}}}   # of the pod"
    yield make("seccomp", where, f"{found} for {container.name}", line, fix)


def _context(container: Container, field: str) -> tuple[Path, Mapping[str, Any]]:
    """The security context that decides a field for a container: its own if it names it, else its pod's."""
    inner = mapping(container.get("securityContext"))
    if field in inner:
        return (*container.path, "securityContext"), inner
    path = (*(container.owner.pod_path or ()), "securityContext")
    return path, mapping(container.owner.pod_spec.get("securityContext"))


def _said(context: Mapping[str, Any], field: str) -> str:
    return f"{field}: {str(context[field]).lower()}" if field in context else f"no {field}"
