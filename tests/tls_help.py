"""Certificates for tests: an authority, and pairs that it signs."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

START = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Signed:
    """A certificate and its key, in PEM."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def signed(name, *, by=None, hosts=(), days=90.0, begins=START):
    """A certificate that ends in so many days; without `by` it is an authority that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(datetime.now(UTC) + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=not hosts, path_length=None), critical=True)
    )
    if hosts:
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    return Signed(builder.sign(by.key if by else key, hashes.SHA256()), key)


def secret(name, certificate, key, **labels):
    """A TLS Secret of a chain and a key in PEM."""
    data = {"tls.crt": certificate, "tls.key": key}
    encoded = {name: base64.b64encode(value).decode() for name, value in data.items()}
    head = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "labels": labels}}
    return head | {"type": "kubernetes.io/tls", "data": encoded}
