"""What the security checklist looks at itself: what there is to ask about, and what no single rule sees."""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from kitlib.checks.selectors import matches, near
from kitlib.checks.targets import Bundle, Container, KubeObject, Project, mapping, sequence
from kitlib.wording import counted

_SECRET_NAME = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_KEY|CREDENTIAL", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"://[^/\s:@]*:(?!\$)[^/\s@]+@")
_SCANNER = re.compile(r"\b(trivy|grype|snyk|anchore/scan|docker scout)", re.IGNORECASE)
_BINDINGS = ("RoleBinding", "ClusterRoleBinding")


@dataclass(frozen=True)
class Look:
    """What was seen.

    Args:
        seen: evidence that the question applies, and what answers it.
        wrong: what is wrong, and where.
    """

    seen: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def containers(project: Project) -> Look:
    """Containers that may run as root, and images that are built."""
    look = _each(project, _not_root, "user that can't be root")
    look.seen.extend(f"{file.path}: its last stage names a user" for file in project.dockerfiles)
    return look


def writable(project: Project) -> Look:
    """Containers whose root file system can be written."""
    return _each(
        project, lambda c: c.get("securityContext", "readOnlyRootFilesystem") is True, "read-only root"
    )


def limits(project: Project) -> Look:
    """Containers without a limit of memory."""
    return _each(project, lambda c: bool(c.get("resources", "limits", "memory")), "memory limit")


def policies(project: Project) -> Look:
    """Whether a NetworkPolicy chooses every workload of an application, at least with its strictest values.

    An application is a folder of manifests, a chart with all its values files, or a live namespace: a chart
    may leave policies off for a local cluster whose network plugin doesn't know them. A folder with nothing
    but bare pods is none: the rule pod-bare speaks of those.
    """
    look = Look()
    groups: dict[str, list[Bundle]] = defaultdict(list)
    for bundle in project.bundles:
        if any(item.pod_path and (item.kind != "Pod" or bundle.origin == "live") for item in bundle.objects):
            groups[bundle.name.partition(" with ")[0]].append(bundle)
    for name, bundles in groups.items():
        bare = {bundle.name: [str(item.at()) for item in _unchosen(bundle)] for bundle in bundles}
        covered = [bundle for bundle, workloads in bare.items() if not workloads]
        look.seen.extend(f"{bundle}: a NetworkPolicy chooses every workload" for bundle in covered)
        if not covered:
            least = min(bare.values(), key=len)
            look.wrong.append(f"{name}: no NetworkPolicy chooses {', '.join(least)}")
    return look


def secrets(project: Project) -> Look:
    """Secrets that are written in files, and variables that hold one instead of naming it."""
    look = Look()
    for bundle in project.bundles:
        for container in _containers(bundle):
            for index, entry in enumerate(map(mapping, sequence(container.get("env")))):
                name, value = str(entry.get("name", "")), entry.get("value")
                if _from_secret(entry):
                    look.seen.append(f"{container.at('env', index)}: {name} comes from a Secret")
                elif _is_secret(name, value):
                    look.wrong.append(f"{container.at('env', index)}: {name} is written out")
            for index, source in enumerate(map(mapping, sequence(container.get("envFrom")))):
                if "secretRef" in source:
                    look.seen.append(f"{container.at('envFrom', index)}: variables from a Secret")
        for item in bundle.of("Secret"):
            values = {**mapping(item.get("data")), **mapping(item.get("stringData"))}
            if bundle.origin == "files" and any(values.values()):
                look.wrong.append(f"{item.at()}: Secret {item.name} has its values in the file")
        look.seen.extend(f"{item.at()}: ExternalSecret {item.name}" for item in bundle.of("ExternalSecret"))
    return Look(list(dict.fromkeys(look.seen)), list(dict.fromkeys(look.wrong)))


def rbac(project: Project) -> Look:
    """Roles that allow everything, and bindings to the cluster's administrator."""
    look = Look()
    for bundle in project.bundles:
        for item in bundle.of("Role", "ClusterRole"):
            wide = [r for r in map(mapping, sequence(item.get("rules"))) if _wide(r)]
            target = look.wrong if wide else look.seen
            target.append(
                f"{item.at()}: {item.kind} {item.name} {'allows *' if wide else 'names what it allows'}"
            )
        for item in bundle.of(*_BINDINGS):
            if item.get("roleRef", "name") in ("cluster-admin", "admin", "edit"):
                look.wrong.append(f"{item.at()}: {item.name} grants {item.get('roleRef', 'name')}")
        for item in bundle.of("ServiceAccount"):
            mounted = item.get("automountServiceAccountToken", default=True)
            if mounted is False:
                look.seen.append(f"{item.at()}: ServiceAccount {item.name} mounts no token")
            else:
                look.seen.append(f"{item.at()}: ServiceAccount {item.name}")
    return look


def pod_security(project: Project) -> Look:
    """Namespaces with the level they enforce, and how many pods were held against the standards."""
    look = Look()
    for bundle in project.bundles:
        for item in bundle.of("Namespace"):
            level = item.get("metadata", "labels", "pod-security.kubernetes.io/enforce", default="nothing")
            look.seen.append(f"{item.at()}: namespace {item.name} enforces {level}")
        if count := sum(item.pod_path is not None for item in bundle.objects):
            look.seen.append(f"{bundle.name}: {counted(count, 'workload')} within `restricted`")
    return look


def scanning(project: Project) -> Look:
    """A build specification that asks for a scan, or a workflow that does one, where images are built."""
    look = Look()
    for file in project.others:
        for document in file.documents:
            data = mapping(document.data)
            if "scanning" in data and "services" in data:
                scan = mapping(data["scanning"])
                names = [
                    n for n, s in mapping(data["services"]).items() if mapping(s).get("scan") is not True
                ]
                where = file.at(document.line(["scanning"]))
                if scan.get("fail_on_vulnerability") is not True:
                    look.wrong.append(f"{where}: what {scan.get('tool')} finds does not stop the build")
                look.wrong.extend(
                    f"{file.at(document.line(['services', n]))}: {n} is not scanned" for n in names
                )
                look.seen.append(f"{where}: {scan.get('tool')} scans for {scan.get('severity')}")
    for file in project.workflows:
        for number, line in enumerate(file.text.splitlines(), 1):
            if _SCANNER.search(line) and not line.lstrip().startswith("#"):
                look.seen.append(f"{file.at(number)}: {line.strip()}")
    if look.seen and shutil.which("trivy"):
        look.seen.append("trivy is on this machine: trivy image NAME")
    if project.dockerfiles and not look.seen:
        look.wrong.append("no build specification and no workflow scans the images that are built")
    return look if project.dockerfiles or look.wrong or look.seen else Look()


def _from_secret(entry: object) -> bool:
    """Whether a variable takes its value from a Secret."""
    return "secretKeyRef" in mapping(mapping(entry).get("valueFrom"))


def _is_secret(name: str, value: object) -> bool:
    """Whether a variable holds a secret itself; `$(NAME)` takes it from another variable."""
    text = str(value or "")
    named = _SECRET_NAME.search(name) is not None and "$(" not in text
    return bool(text) and (named or _URL_PASSWORD.search(text) is not None)


def _containers(bundle: Bundle) -> Iterator[Container]:
    for item in bundle.objects:
        yield from item.containers()


def _not_root(container: Container) -> bool:
    """Whether a container can't run as root: its own settings count before its pod's."""
    pod = mapping(container.owner.pod_spec.get("securityContext"))
    user = container.get("securityContext", "runAsUser", default=pod.get("runAsUser"))
    refused = container.get("securityContext", "runAsNonRoot", default=pod.get("runAsNonRoot"))
    return user != 0 and (refused is True or isinstance(user, int))


def _count(bundle: Bundle) -> int:
    return sum(1 for _ in _containers(bundle))


def _each(project: Project, holds: Callable[[Container], bool], what: str) -> Look:
    look = Look()
    for bundle in project.bundles:
        bad = [container for container in _containers(bundle) if not holds(container)]
        look.wrong.extend(
            f"{c.at()}: {c.owner.kind}/{c.owner.name}, container {c.name}: no {what}" for c in bad
        )
        if not bad and (count := _count(bundle)):
            look.seen.append(f"{bundle.name}: {counted(count, 'container')} with a {what}")
    return look


def _unchosen(bundle: Bundle) -> Iterator[KubeObject]:
    """The workloads that no NetworkPolicy of their namespace chooses."""
    rules = list(bundle.of("NetworkPolicy"))
    for item in bundle.objects:
        if item.pod_path and not any(
            near(item, rule) and matches(rule.get("spec", "podSelector"), item.pod_labels) for rule in rules
        ):
            yield item


def _wide(rule: object) -> bool:
    return any("*" in sequence(mapping(rule).get(key)) for key in ("verbs", "resources", "apiGroups"))
