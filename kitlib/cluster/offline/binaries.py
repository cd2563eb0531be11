"""Kubernetes and etcd as executables, built from their published Go modules.

One file, `hyperkube`, is kube-apiserver, kube-controller-manager, kube-scheduler, kube-proxy, kubelet,
kubeadm and kubectl, by the name it is called: one link step instead of seven.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from kitlib import golang, tools
from kitlib.errors import MachineError
from kitlib.settings import get_settings

KUBERNETES = "v1.34.4"  # the newest minor version that accepts cgroup v1 by default
BUILT = {"hyperkube": KUBERNETES, "etcd": "v3.6.16", "pause": "v1"}  # our Go mains, with their versions
COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
SOURCES = Path(__file__).parent / "go"
GO_CACHE_GB = 14.0  # what compiling Kubernetes leaves in Go's caches until they are removed


def control_plane() -> dict[str, Path]:
    """The control plane's executables by name, and `etcd`; builds what is missing, in about seven minutes.

    Raises:
        MachineError: too little disk space to build.
    """
    if any(not binary(name).exists() for name in ("hyperkube", "etcd")):
        require_build_disk()
        with golang.workspace() as go:
            build_missing(go, ("hyperkube", "etcd"))
    return {name: _named(name) for name in COMPONENTS} | {"etcd": binary("etcd")}


def build_missing(go: golang.Go, names: Iterable[str] = tuple(BUILT)) -> None:
    """Build those of our own Go mains that are not yet in kit's cache."""
    package = "k8s.io/component-base/version"
    flags = {
        "hyperkube": f"-X {package}.gitVersion={KUBERNETES} -X {package}.gitMajor=1 "
        f"-X {package}.gitMinor=34 -X k8s.io/client-go/pkg/version.gitVersion={KUBERNETES}",
    }
    for name in names:
        if not binary(name).exists():
            go.build(SOURCES / name, binary(name).name, ldflags=flags.get(name, ""))


def binary(name: str) -> Path:
    """The versioned path of one of `BUILT` in kit's cache, whether or not it is there."""
    return tools.bin_dir() / f"{name}-{BUILT[name]}"


def require_build_disk() -> None:
    """Refuse before compiling what would fill the disk.

    Raises:
        MachineError: says how much is free, how much is needed and where.
    """
    require_disk(get_settings().cache_dir, GO_CACHE_GB, "compile Kubernetes from its Go modules")


def require_disk(folder: Path, gigabytes: float, purpose: str) -> None:
    """Refuse before starting what would fill the disk.

    Raises:
        MachineError: says how much is free, how much is needed and where.
    """
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free / 1e9
    if free < gigabytes:
        raise MachineError(
            f"{free:.1f} GB are free in {folder}, but to {purpose} takes {gigabytes:g} GB",
            fix="free some space, or set KIT_CACHE_DIR to another disk",
        )


def _named(component: str) -> Path:
    link = tools.bin_dir() / KUBERNETES / component
    link.parent.mkdir(exist_ok=True)
    if not link.exists():
        link.unlink(missing_ok=True)
        link.symlink_to(binary("hyperkube"))
    return link
