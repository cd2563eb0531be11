"""The node image for kind, built from Go modules and Debian packages: no container registry is asked.

The image's tag carries a digest of this recipe, so a changed recipe is built anew and an old cluster keeps
the image it was made from. Tried on Debian 12; needs root, for debootstrap.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from kitlib import docker, golang, tools
from kitlib.cluster.offline import binaries
from kitlib.cluster.offline.binaries import KUBERNETES, require_disk
from kitlib.errors import MachineError, ToolNotFound
from kitlib.progress import stage
from kitlib.settings import get_settings
from kitlib.turns import turn

KIND_MODULE = "sigs.k8s.io/kind@v0.33.0"
DEBIAN = "kit.local/debian:bookworm"
K8S = "registry.k8s.io"  # kubeadm and the addons ask for their images by these names; none is pulled
PROGRAMS = {  # executable → Go package it is built from
    "crictl": "sigs.k8s.io/cri-tools/cmd/crictl@v1.34.0",
    "coredns": "github.com/coredns/coredns@v1.12.1",
    "local-path-provisioner": "github.com/rancher/local-path-provisioner@v0.0.30",
    "metrics-server": "sigs.k8s.io/metrics-server/cmd/metrics-server@v0.8.0",
}
IMAGES = {  # image the node carries → the folder under context/, and the executable that goes in
    f"{K8S}/pause:3.10.1": ("pause", "pause"),
    f"{K8S}/etcd:3.6.5-0": ("etcd", "etcd"),
    f"{K8S}/coredns/coredns:v1.12.1": ("coredns", "coredns"),
    f"{K8S}/kube-apiserver:{KUBERNETES}": ("kube", "hyperkube"),
    "kit.local/local-path-provisioner:latest": ("local-path-provisioner", "local-path-provisioner"),
    f"{K8S}/metrics-server/metrics-server:v0.8.0": ("metrics-server", "metrics-server"),
}
SAME_IMAGE = [f"{K8S}/kube-{name}:{KUBERNETES}" for name in ("controller-manager", "scheduler", "proxy")]
DOCKER_GB = 8.0  # images and build layers; 3 GB stay
CONTEXT = Path(__file__).parent / "context"
NODE_BUILDER = "kit-node-build"


def node_image() -> str:
    """The name of the node image, built if it is not there: about 15 minutes once, then nothing.

    Raises:
        MachineError: not Debian or not root, or too little disk; said before anything is built.
    """
    name = f"kit.local/kind-node:{KUBERNETES}-{_digest()}"
    if docker.image_id(name):
        return name
    _require_debian()
    with turn(get_settings().cache_dir / "node-image.lock", "another build of the node image"):
        if docker.image_id(name) is None:
            require_disk(docker.data_root(), DOCKER_GB, "build the node image offline")
            _build_node_image(name)
    return name


def _build_node_image(name: str) -> None:
    with tempfile.TemporaryDirectory(dir=get_settings().cache_dir) as scratch:
        programs, kind_files = _programs(Path(scratch))
        debian_image()
        _carried_images(programs)
        _node(name, programs, kind_files)


def debian_image() -> str:
    """The base of every offline image: Debian 12, unpacked by debootstrap."""
    if docker.image_id(DEBIAN):
        return DEBIAN
    _require_debian()
    with turn(get_settings().cache_dir / "debian-image.lock", "another build of the base image"):
        if docker.image_id(DEBIAN) is None:
            _unpack_debian()
    return DEBIAN


def _unpack_debian() -> None:
    with stage("unpack Debian 12") as progress, tempfile.TemporaryDirectory() as folder:
        root, archive = Path(folder) / "root", Path(folder) / "root.tar"
        tools.run(
            ["debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", root, *_mirror()],
            timeout=900,
            on_line=progress.update,
        )
        unused = ["./var/cache/apt/archives/*.deb", "./var/lib/apt/lists/*"]
        tools.run(["tar", "-C", root, *(f"--exclude={p}" for p in unused), "-cf", archive, "."], timeout=300)
        tools.run(["docker", "import", archive, DEBIAN], timeout=300)


def _programs(scratch: Path) -> tuple[dict[str, Path], Path]:
    """Every executable that goes into the images, and the files kind ships for its node's base system."""
    found = {name: binaries.binary(name) for name in binaries.BUILT}
    found |= {
        name: tools.bin_dir() / f"{name}-{module.rpartition('@')[2]}" for name, module in PROGRAMS.items()
    }
    if not all(path.exists() for path in found.values()):
        binaries.require_build_disk()
    with golang.workspace() as go:
        binaries.build_missing(go)
        for name, module in PROGRAMS.items():
            if not found[name].exists():
                go.install(module, found[name].name)
        shutil.copytree(go.module_dir(KIND_MODULE) / "images/base/files", scratch / "files")
    tools.run(["chmod", "-R", "u+w", scratch / "files"])  # Go's module files are read-only
    return found, scratch / "files"


def _carried_images(programs: dict[str, Path]) -> None:
    for image, (folder, program) in IMAGES.items():
        build(CONTEXT / folder, image, {program: programs[program]})
    first = next(image for image in IMAGES if "kube-apiserver" in image)
    for name in SAME_IMAGE:
        tools.run(["docker", "tag", first, name])


def _node(name: str, programs: dict[str, Path], kind_files: Path) -> None:
    base = CONTEXT / "base"
    for source, target in (
        ("10-ptp.conflist", "etc/cni/net.d"),
        ("cluster-cidr-guard.service", "etc/systemd/system"),
        ("default-storage.yaml", "kind/manifests"),
    ):
        (kind_files / target).mkdir(parents=True, exist_ok=True)
        shutil.copy(base / source, kind_files / target)
    build(base, "kit.local/kind-base", {"files": kind_files})
    pause = next(image for image in IMAGES if "/pause:" in image)
    build(
        CONTEXT / "node",
        "kit.local/kind-node-empty",
        {"hyperkube": programs["hyperkube"], "crictl": programs["crictl"]},
        {"KUBERNETES_VERSION": KUBERNETES, "PAUSE_IMAGE": pause},
    )
    with stage(f"node image {name}, with the images it carries"):
        _fill(name)


def _fill(name: str) -> None:
    """Import the carried images into the node's containerd, and keep the result as `name`."""
    tools.run(["docker", "rm", "-f", NODE_BUILDER], check=False)
    keep_alive = ["--privileged", "--entrypoint", "sleep", "kit.local/kind-node-empty", "infinity"]
    tools.run(["docker", "run", "-d", "--name", NODE_BUILDER, *keep_alive])
    try:
        tools.run(["docker", "exec", "-d", NODE_BUILDER, "containerd"])
        ready = "for i in $(seq 60); do ctr version >/dev/null 2>&1 && exit 0; sleep 0.5; done; exit 1"
        tools.run(["docker", "exec", NODE_BUILDER, "sh", "-c", ready])
        with tempfile.TemporaryDirectory(dir=get_settings().cache_dir) as folder:
            archive = Path(folder) / "images.tar"
            tools.run(["docker", "save", "-o", archive, *IMAGES, *SAME_IMAGE], timeout=300)
            tools.run(["docker", "cp", archive, f"{NODE_BUILDER}:/images.tar"], timeout=300)
        load = ["ctr", "-n", "k8s.io", "images", "import", "--no-unpack", "/images.tar"]
        tools.run(["docker", "exec", NODE_BUILDER, *load], timeout=300)
        tools.run(["docker", "exec", NODE_BUILDER, "sh", "-c", "rm /images.tar; pkill containerd; sleep 1"])
        entry = 'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]'
        tools.run(["docker", "commit", "-c", entry, "-c", "CMD []", NODE_BUILDER, name], timeout=300)
    finally:
        tools.run(["docker", "rm", "-f", NODE_BUILDER], check=False)


def build(context: Path, tag: str, files: dict[str, Path], args: dict[str, str] | None = None) -> None:
    """Build an image from a folder's Dockerfile, with other files or folders beside it.

    Args:
        context: the folder of the Dockerfile; nothing else in it is used.
        tag: the image's name.
        files: name in the build → where it is.
        args: build arguments.

    Raises:
        CommandFailed: the build failed; shows its last lines.
    """
    with (
        stage(f"image {tag}") as progress,
        tempfile.TemporaryDirectory(dir=get_settings().cache_dir) as scratch,
    ):
        shutil.copy(context / "Dockerfile", scratch)
        for name, path in files.items():
            copy = shutil.copytree if path.is_dir() else shutil.copy
            copy(path, Path(scratch) / name)
        docker.build(Path(scratch), tag, args=args, progress=progress)


def _digest() -> str:
    """A digest of all that goes into the node image."""
    paths = sorted(p for root in (CONTEXT, binaries.SOURCES) for p in root.rglob("*") if p.is_file())
    text = repr((KIND_MODULE, PROGRAMS, IMAGES, [p.read_bytes() for p in paths]))
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _require_debian() -> None:
    if shutil.which("dpkg") is None or not docker.is_root():
        raise MachineError(
            "no container registry answers, and building the node image without one needs Debian and root",
            fix="run as root on Debian, or let Docker reach a registry (docker pull hello-world)",
        )
    if shutil.which("debootstrap") is None:
        raise ToolNotFound("debootstrap is not on this machine", fix="kit doctor --fix")


def _mirror() -> list[str]:
    """The Debian mirror this machine uses; empty: debootstrap's own default."""
    for path in sorted(Path("/etc/apt").rglob("*.sources")):
        for line in path.read_text().splitlines():
            if line.startswith("URIs:") and "debian" in line:
                return [line.split()[1]]
    return []
