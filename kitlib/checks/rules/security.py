"""What a pod may do to its node: the Pod Security Standards, read-only files, and the API token."""

from __future__ import annotations

from collections.abc import Iterator

from kitlib.checks.pod_security import ENFORCE, LEVELS, is_enforced, violations
from kitlib.checks.rule import Hit, rule
from kitlib.checks.selectors import near
from kitlib.checks.targets import KubeObject, mapping, sequence

_STANDARDS = "https://kubernetes.io/docs/concepts/security/pod-security-standards/"
_CONTEXT = "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/"
_ADMISSION = "https://kubernetes.io/docs/concepts/security/pod-security-admission/"
_TOKEN = "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/"


def _hits(item: KubeObject, *controls: str) -> Iterator[Hit]:
    """Violations that the Namespace doesn't reject anyway: pod-security-rejected reports those it does."""
    for found in violations(item):
        if found.control in controls and not is_enforced(item, found):
            yield Hit(item.at(*found.path), found.found, found.expected, found.fix)


@rule(
    "object",
    "pod-security-rejected",
    "error",
    "The namespace rejects these pods",
    why="A Namespace that enforces a Pod Security level refuses pods that violate it; for a Deployment "
    "the server only warns, and no pod ever appears.",
    source=_ADMISSION,
)
def pod_security_rejected(item: KubeObject) -> Iterator[Hit]:
    for found in violations(item):
        if is_enforced(item, found):
            yield Hit(item.at(*found.path), found.found, f"{found.expected} ({found.level})", found.fix)


@rule(
    "object",
    "pod-privileged",
    "error",
    "A container has the node's rights",
    why="Privileged containers, the node's namespaces, its folders, and added capabilities let a process "
    "out of its container.",
    source=_STANDARDS,
)
def pod_privileged(item: KubeObject) -> Iterator[Hit]:
    controls = (
        "privileged",
        "host-namespace",
        "host-path",
        "capabilities-added",
        "proc-mount",
        "sysctl",
        "selinux",
    )
    yield from _hits(item, *controls)


@rule(
    "object",
    "pod-host-port",
    "warning",
    "A container takes a port of the node",
    why="Only one pod per node can have the port, so a second replica waits for another node; and it is "
    "reachable past Services and Ingress.",
    source="https://kubernetes.io/docs/concepts/configuration/overview/#services",
)
def pod_host_port(item: KubeObject) -> Iterator[Hit]:
    yield from _hits(item, "host-port")


@rule(
    "object",
    "pod-runs-as-root",
    "error",
    "A container may run as root",
    why="Root in a container is root for the kernel: a way out of the container ends as root of the node.",
    source=_CONTEXT,
)
def pod_runs_as_root(item: KubeObject) -> Iterator[Hit]:
    yield from _hits(item, "run-as-root")


@rule(
    "object",
    "pod-user-unnumbered",
    "info",
    "runAsNonRoot depends on how the image names its user",
    why="The kubelet can tell that a user isn't root only by a number: an image whose USER is a name "
    "doesn't start with runAsNonRoot unless runAsUser says which.",
    source="verified against a v1.34 kubelet: image has non-numeric user, cannot verify user is non-root",
)
def pod_user_unnumbered(item: KubeObject) -> Iterator[Hit]:
    outer = mapping(item.pod_spec.get("securityContext"))
    for container in item.containers():
        context = {**outer, **mapping(container.get("securityContext"))}
        if context.get("runAsNonRoot") is True and "runAsUser" not in context:
            place = (*container.path, "securityContext", "runAsNonRoot")
            if "runAsNonRoot" not in mapping(container.get("securityContext")):
                place = (*(item.pod_path or ()), "securityContext", "runAsNonRoot")
            found = f"runAsNonRoot: true without runAsUser for {container.name}"
            yield Hit(item.at(*place), found, "runAsUser, a number", "runAsUser: 1000")


@rule(
    "object",
    "pod-privilege-escalation",
    "error",
    "A process may gain rights",
    why="Without allowPrivilegeEscalation: false a setuid program inside the container becomes root; the "
    "restricted standard rejects such pods.",
    source=_STANDARDS,
)
def pod_privilege_escalation(item: KubeObject) -> Iterator[Hit]:
    yield from _hits(item, "privilege-escalation")


@rule(
    "object",
    "pod-capabilities",
    "error",
    "A container keeps capabilities",
    why="An ordinary program needs none of the dozen capabilities that a container has by default; the "
    "restricted standard rejects pods that keep them.",
    source=_STANDARDS,
)
def pod_capabilities(item: KubeObject) -> Iterator[Hit]:
    yield from _hits(item, "capabilities")


@rule(
    "object",
    "pod-seccomp",
    "error",
    "A pod has no seccomp profile",
    why="Without it all system calls are open, and the restricted standard rejects the pods, while a "
    "Deployment is only warned about.",
    source=_STANDARDS,
)
def pod_seccomp(item: KubeObject) -> Iterator[Hit]:
    yield from _hits(item, "seccomp")


@rule(
    "object",
    "pod-writable-root",
    "warning",
    "A container can change its own files",
    why="Whoever gets in can replace the program; with a read-only root only mounted volumes can be written.",
    source=_CONTEXT,
)
def pod_writable_root(item: KubeObject) -> Iterator[Hit]:
    for container in item.containers():
        if container.get("securityContext", "readOnlyRootFilesystem") is not True:
            found = f"no readOnlyRootFilesystem: true in {container.name}"
            fix = "securityContext: {readOnlyRootFilesystem: true}, and an emptyDir where the program writes"
            yield Hit(
                container.at("securityContext", "readOnlyRootFilesystem"), found, "a read-only root", fix
            )


@rule(
    "object",
    "pod-token-mounted",
    "warning",
    "A pod carries an API token that it has no use for",
    why="Every pod gets a token of its ServiceAccount unless told otherwise; whoever gets in can use it. "
    "None of the objects applied here gives that account a right.",
    source=_TOKEN,
)
def pod_token_mounted(item: KubeObject) -> Iterator[Hit]:
    if item.pod_path is None or item.pod_spec.get("automountServiceAccountToken") is False:
        return
    name = item.pod_spec.get("serviceAccountName") or "default"
    accounts = [a for a in item.bundle.of("ServiceAccount") if a.name == name and near(a, item)]
    if any(account.get("automountServiceAccountToken") is False for account in accounts):
        return
    if name == "default" or not _has_rights(item, str(name)):
        found = f"serviceAccountName: {name}, its token mounted"
        place = item.at(*item.pod_path, "serviceAccountName")
        yield Hit(place, found, "no token", "automountServiceAccountToken: false   # beside containers:")


def _has_rights(item: KubeObject, account: str) -> bool:
    for binding in item.bundle.of("RoleBinding", "ClusterRoleBinding"):
        for subject in map(mapping, sequence(binding.get("subjects"))):
            if subject.get("kind") == "ServiceAccount" and subject.get("name") == account:
                return True
    return False


@rule(
    "object",
    "namespace-pod-security",
    "warning",
    "A namespace enforces no Pod Security level",
    why="Without the label the server accepts any pod there, privileged ones too.",
    source=_ADMISSION,
)
def namespace_pod_security(item: KubeObject) -> Iterator[Hit]:
    system = item.name.startswith("kube-") or item.name == "default"
    if item.kind == "Namespace" and not system and ENFORCE not in mapping(item.get("metadata", "labels")):
        fix = f"{ENFORCE}: restricted   # in metadata.labels"
        yield Hit(item.at("metadata", "labels"), f"no label {ENFORCE}", f"{ENFORCE}: restricted", fix)


@rule(
    "object",
    "namespace-pod-security-level",
    "error",
    "A Pod Security label says a level that does not exist",
    why="The server refuses the Namespace, or treats the label as nothing at all.",
    source=_ADMISSION,
)
def namespace_pod_security_level(item: KubeObject) -> Iterator[Hit]:
    if item.kind != "Namespace":
        return
    for mode in ("enforce", "audit", "warn"):
        key = f"pod-security.kubernetes.io/{mode}"
        level = mapping(item.get("metadata", "labels")).get(key)
        if level is not None and level not in LEVELS:
            yield Hit(
                item.at("metadata", "labels", key),
                f"{mode}: {level}",
                ", ".join(LEVELS),
                f"{key}: restricted",
            )
