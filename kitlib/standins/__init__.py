"""Images that stand in for those of Docker Hub where no registry answers, from Debian's packages and a wheel.

A stand-in has the user ids, variables and entrypoint that the application and its chart rely on of the
original. Its tag carries a digest of its sources, so that a changed Dockerfile is built anew.
"""

from __future__ import annotations

import hashlib
import ssl
import tempfile
from pathlib import Path

from kitlib import docker
from kitlib.errors import MachineError, UsageError
from kitlib.progress import stage

SOURCES = Path(__file__).parent
VERSIONS = {"python": "3.11-slim", "node": "20-alpine", "postgres": "15", "redis": "7"}
DOWNLOADING = (
    "python",
    "node",
)  # pip and npm run in these, maybe behind a proxy of its own CA
CA_BUNDLE = "ca-certificates.crt"
DEBIAN_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


def image(name: str) -> str:
    """The full name of a stand-in, built if it is not there.

    Args:
        name: python, node, postgres or redis.

    Raises:
        UsageError: there is no such stand-in.
        MachineError: this machine can't build the Debian base image, or has no CA certificates.
        CommandFailed: the build failed; shows its last lines.
    """
    if name not in VERSIONS:
        raise UsageError(f"no stand-in {name!r}; there are {', '.join(VERSIONS)}")
    files = _context(name)
    tag = f"kit.local/{name}:{VERSIONS[name]}-{_digest(files)}"
    if docker.image_id(tag):
        return tag
    from kitlib.cluster.offline.images import debian_image

    args = {"BASE_IMAGE": debian_image()}
    if name == "node":
        args["PYTHON_IMAGE"] = image("python")  # whose pip gets the wheel
    with stage(f"image {tag}") as progress, tempfile.TemporaryDirectory() as folder:
        for file, content in files.items():
            path = Path(folder) / file
            path.write_bytes(content)
            path.chmod(0o755 if path.suffix == ".sh" else 0o644)
        docker.build(Path(folder), tag, args=args, progress=progress)
    return tag


def _context(name: str) -> dict[str, bytes]:
    """The files of the build by name; where downloads run, with this machine's CA certificates."""
    files = {path.name: path.read_bytes() for path in sorted((SOURCES / name).iterdir())}
    if name in DOWNLOADING:
        files[CA_BUNDLE] = _ca_bundle().read_bytes()
    return files


def _digest(files: dict[str, bytes]) -> str:
    return hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:12]


def _ca_bundle() -> Path:
    known = ssl.get_default_verify_paths().cafile  # honours SSL_CERT_FILE
    for path in (Path(known) if known else DEBIAN_BUNDLE, DEBIAN_BUNDLE):
        if path.is_file():
            return path
    raise MachineError(
        "this machine has no CA certificates to build images with",
        fix="apt-get install ca-certificates, or point SSL_CERT_FILE at a bundle",
    )
