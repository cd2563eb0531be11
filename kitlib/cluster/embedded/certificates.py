"""The keys and certificates of one control plane, made without an external program.

One authority signs the API server's certificate and those of its clients. Who a client is stands in its
certificate's subject: the common name is the user, the organisations are the groups
(kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates).
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVICE_CIDR = "10.96.0.0/16"
SERVICE_IP = "10.96.0.1"  # the first of SERVICE_CIDR: the Service `kubernetes`
VALID_DAYS = 3650
HOSTS = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
ADDRESSES = ("127.0.0.1", "::1", SERVICE_IP)
CLIENTS = {  # name: (user, groups)
    "admin": ("kubernetes-admin", ("system:masters",)),
    "controller-manager": ("system:kube-controller-manager", ()),
    "scheduler": ("system:kube-scheduler", ()),
}
KEY_PAIRS = ("ca", "server", *CLIENTS)
FILES = ("sa.key", *(f"{name}.{end}" for name in KEY_PAIRS for end in ("crt", "key")))


def ensure(folder: Path) -> None:
    """Make the authority, the server's and clients' certificates and the ServiceAccount key in `folder`.

    A complete set is kept; an incomplete one is replaced as a whole, since its parts must fit together.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    if all((folder / name).is_file() for name in FILES):
        return
    authority = _Authority(folder)
    authority.issue("server", "kube-apiserver", server=True)
    for name, (user, groups) in CLIENTS.items():
        authority.issue(name, user, groups)
    write_private(folder / "sa.key", _pem(_key()))


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only this user may read."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


class _Authority:
    """A certificate authority that writes what it signs into its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = _key()
        self.name = _name("kit-embedded", ())
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        certificate = (
            _builder(self.name, self.name, self.key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(self.key, hashes.SHA256())
        )
        self._write("ca", self.key, certificate)

    def issue(self, file: str, user: str, groups: tuple[str, ...] = (), *, server: bool = False) -> None:
        """Make a key and sign its certificate, for a server at HOSTS and ADDRESSES or for a client."""
        key = _key()
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = (
            _builder(_name(user, groups), self.name, key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        )
        if server:
            names = [x509.DNSName(host) for host in HOSTS]
            addresses = [x509.IPAddress(ip_address(address)) for address in ADDRESSES]
            builder = builder.add_extension(x509.SubjectAlternativeName([*names, *addresses]), critical=False)
        self._write(file, key, builder.sign(self.key, hashes.SHA256()))

    def _write(self, file: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        write_private(self.folder / f"{file}.key", _pem(key))
        write_private(self.folder / f"{file}.crt", certificate.public_bytes(serialization.Encoding.PEM))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # a clock set back a little must not void them
        .not_valid_after(now + timedelta(days=VALID_DAYS))
    )


def _name(user: str, groups: tuple[str, ...]) -> x509.Name:
    organisations = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*organisations, x509.NameAttribute(NameOID.COMMON_NAME, user)])


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
