"""Clusters made by minikube; each command is built by a pure function, from its documented flags.

Source: minikube.sigs.k8s.io/docs/commands (start, addons, image, profile, delete).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from kitlib import tools
from kitlib.cluster.providers.base import (
    ClusterRecord,
    ClusterStatus,
    UpOptions,
    cluster_dir,
    forget,
    load_record,
    save,
)
from kitlib.errors import NotOurs, ToolNotFound
from kitlib.progress import stage
from kitlib.settings import ProviderName

START_SECONDS = 900.0
INSTALL = "install minikube: https://minikube.sigs.k8s.io/docs/start/"


@dataclass(frozen=True)
class Machine:
    """What minikube makes; a local cluster specification says it, and these are its defaults.

    Args:
        driver: what runs the node.
        kubernetes: the version, with its patch: 1.35.0.
        cpus: of the node.
        memory_mb: of the node.
        disk_gb: of the node.
        addons: enabled while the cluster is made.
        later_addons: enabled once it runs; ingress-dns and registry are apt to fail before.
    """

    driver: str = "docker"
    kubernetes: str = "1.35.0"
    cpus: int = 4
    memory_mb: int = 8192
    disk_gb: int = 40
    addons: tuple[str, ...] = ("ingress", "metrics-server", "dashboard")
    later_addons: tuple[str, ...] = ("registry", "ingress-dns")


DEFAULT = Machine()


def start_command(name: str, options: UpOptions, machine: Machine = DEFAULT) -> list[str]:
    """`minikube start`, which makes a cluster or starts a stopped one."""
    command = ["minikube", "start", "--profile", name, f"--driver={machine.driver}"]
    command += [f"--kubernetes-version=v{machine.kubernetes}", f"--cpus={machine.cpus}"]
    command += [f"--memory={machine.memory_mb}", f"--disk-size={machine.disk_gb}g"]
    command += [f"--addons={','.join(machine.addons)}"] if machine.addons else []
    command += [f"--nodes={options.nodes}"] if options.nodes > 1 else []
    return command + ([f"--apiserver-port={options.api_port}"] if options.api_port else [])


def addon_commands(name: str, machine: Machine = DEFAULT) -> list[list[str]]:
    """The addons that are enabled once the cluster runs."""
    return [switch_addon_command(name, addon, on=True) for addon in machine.later_addons]


def list_addons_command(name: str) -> list[str]:
    """minikube's addons with their state, as JSON."""
    return ["minikube", "addons", "list", "--profile", name, "--output=json"]


def switch_addon_command(name: str, addon: str, *, on: bool) -> list[str]:
    """Enable or disable one of minikube's addons."""
    return ["minikube", "addons", "enable" if on else "disable", addon, "--profile", name]


def status_command(name: str) -> list[str]:
    """How the cluster is; ends with 0 only when it runs."""
    return ["minikube", "status", "--profile", name]


def build_command(name: str, image: str, context: str) -> list[str]:
    """Build an image inside the cluster's nodes, whatever their container runtime is."""
    return ["minikube", "image", "build", "--profile", name, "--tag", image, context]


def wait_command(name: str, kubeconfig: Path) -> list[str]:
    """Wait until every node is Ready."""
    flags = ["--for=condition=Ready", "nodes", "--all", "--timeout=300s"]
    return ["kubectl", "--kubeconfig", str(kubeconfig), "--context", name, "wait", *flags]


def load_command(name: str, images: list[str]) -> list[str]:
    """Bring local images into the cluster's nodes."""
    return ["minikube", "image", "load", *images, "--profile", name]


def delete_command(name: str) -> list[str]:
    """Remove the cluster."""
    return ["minikube", "delete", "--profile", name]


def list_command() -> list[str]:
    """All clusters of minikube, as JSON."""
    return ["minikube", "profile", "list", "--output=json"]


class Minikube:
    """The provider `minikube`; see kitlib.cluster.providers.base.Provider."""

    name: ProviderName = "minikube"

    def up(self, name: str, options: UpOptions) -> ClusterRecord:
        """Make the cluster or start a stopped one, enable its addons, and wait for its nodes."""
        _require()
        record = _owned(name)
        kubeconfig = cluster_dir(name) / "kubeconfig"
        record = record or save(ClusterRecord(name, self.name, kubeconfig, name, (name,)))
        with stage(f"start minikube cluster {name}") as progress:
            for command in (start_command(name, options), *addon_commands(name)):
                environment = {"KUBECONFIG": str(kubeconfig)}
                tools.run(command, timeout=START_SECONDS, env=environment, on_line=progress.update)
            tools.run([tools.find("kubectl"), *wait_command(name, kubeconfig)[1:]], timeout=320)
        return record

    def down(self, name: str) -> bool:
        """Remove the cluster and our record of it."""
        _require()
        record = _owned(name)
        if record is None:
            return False
        with stage(f"remove minikube cluster {name}") as progress:
            environment = {"KUBECONFIG": str(record.kubeconfig)}
            tools.run(delete_command(name), timeout=300, env=environment, on_line=progress.update)
        forget(name)
        return True

    def status(self, name: str) -> ClusterStatus:
        """How the cluster is, in minikube's words."""
        try:
            _require()
        except ToolNotFound as error:
            return ClusterStatus(name, self.name, "absent", error.message)
        found = _profiles().get(name)
        if found is None:
            return ClusterStatus(
                name, self.name, "absent", "make it with: kit cluster up --provider minikube"
            )
        state = {"Running": "running", "OK": "running", "Stopped": "stopped"}.get(found, "broken")
        return ClusterStatus(name, self.name, state, f"minikube says: {found}")  # type: ignore[arg-type]

    def load(self, name: str, images: list[str]) -> None:
        """Bring local images into the cluster's nodes."""
        _require()
        with stage(f"load {', '.join(images)} into cluster {name}") as progress:
            tools.run(load_command(name, images), timeout=600, on_line=progress.update)

    def addons(self, name: str) -> dict[str, bool]:
        """minikube's addons, and whether each is enabled."""
        _require()
        found = json.loads(tools.run(list_addons_command(name)).stdout)
        return {addon: item.get("Status") == "enabled" for addon, item in found.items()}

    def switch_addon(self, name: str, addon: str, *, on: bool) -> None:
        """Enable an addon of minikube's and wait until its pods run, or disable it."""
        _require()
        with stage(f"{'enable' if on else 'disable'} minikube's addon {addon} of cluster {name}") as progress:
            command = switch_addon_command(name, addon, on=on)
            tools.run(command, timeout=START_SECONDS, on_line=progress.update)


def _require() -> None:
    try:
        tools.find("minikube", build=False)
    except ToolNotFound as error:
        raise ToolNotFound(error.message, fix=INSTALL) from None


def _owned(name: str) -> ClusterRecord | None:
    """Our record of a cluster.

    Raises:
        NotOurs: minikube has one of that name that is not in our records.
    """
    record = load_record(name)
    if record is not None and record.provider == "minikube":
        return record
    if record is not None or name in _profiles():
        raise NotOurs(
            f"a cluster named {name!r} exists that kit did not make with minikube; kit leaves it alone",
            fix="choose another --name",
        )
    return None


def _profiles() -> dict[str, str]:
    """minikube's clusters: name → state. It ends with a non-zero code when there are none."""
    text = tools.run(list_command(), check=False).stdout
    found = json.loads(text) if text.strip().startswith("{") else {}
    both = [*(found.get("valid") or []), *(found.get("invalid") or [])]
    return {item["Name"]: item.get("Status") or "invalid" for item in both}


PROVIDER = Minikube()
