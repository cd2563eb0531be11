"""The kubeconfigs of one control plane: the person's, and those of its own components."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import yaml

from kitlib.cluster.embedded.certificates import CLIENTS, write_private

ADMIN = "kubeconfig"


def write(folder: Path, pki: Path, name: str, port: int) -> None:
    """Write one kubeconfig per client of `pki` into `folder`, readable by this user alone.

    Args:
        folder: where; the admin's is called `kubeconfig`, the others `<client>.kubeconfig`.
        pki: the folder of the certificates, which are embedded.
        name: of the context, the cluster and the user.
        port: the API server's port on 127.0.0.1.
    """
    for client in CLIENTS:
        file = ADMIN if client == "admin" else f"{client}.kubeconfig"
        write_private(folder / file, yaml.safe_dump(_config(pki, client, name, port)).encode())


def _config(pki: Path, client: str, name: str, port: int) -> dict[str, object]:
    cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority-data": _data(pki / "ca.crt")}
    user = {
        "client-certificate-data": _data(pki / f"{client}.crt"),
        "client-key-data": _data(pki / f"{client}.key"),
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }


def _data(path: Path) -> str:
    return b64encode(path.read_bytes()).decode()
