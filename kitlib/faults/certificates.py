"""Throw-away certificates for the servers of faults.

Their keys follow from the namespace's name, so that what one process injected another can mend: certificates
made again fit the keys and authorities that are in the cluster. They protect nothing.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

WORDS = ("CA", "OTHER_CA", "CERT", "EXPIRED_CERT", "KEY")
CURVE = ec.SECP256R1()
# The order of the curve's group, less one: a private key lies between 1 and that (SEC 2, section 2.4.2).
KEYS = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632550
DAYS = 365


def made(namespace: str) -> dict[str, str]:
    """The certificates and the key for servers in a namespace, as base64 of PEM, by word."""
    now = datetime.now(UTC)
    authority, server = _key(f"{namespace} authority"), _key(f"{namespace} server")
    valid, expired = now + timedelta(days=DAYS), now - timedelta(days=2)
    pem = server.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "CA": _text(_authority(authority, valid)),
        "OTHER_CA": _text(_authority(_key(f"{namespace} stranger"), valid)),
        "CERT": _text(_server(namespace, server, authority, valid)),
        "EXPIRED_CERT": _text(_server(namespace, server, authority, expired)),
        "KEY": base64.b64encode(pem).decode(),
    }


def hosts(namespace: str) -> list[str]:
    """The names that a certificate is for: the namespace's Services, and hosts of Ingresses."""
    return [f"*.{namespace}.svc", f"*.{namespace}.svc.cluster.local", f"*.{namespace}.test", "localhost"]


def _authority(key: ec.EllipticCurvePrivateKey, until: datetime) -> x509.Certificate:
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    builder = _builder("shop authority", key, until)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())


def _server(
    namespace: str, key: ec.EllipticCurvePrivateKey, authority: ec.EllipticCurvePrivateKey, until: datetime
) -> x509.Certificate:
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts(namespace)])
    builder = _builder("shop", key, until).add_extension(names, critical=False)
    return builder.sign(authority, hashes.SHA256())


def _builder(name: str, key: ec.EllipticCurvePrivateKey, until: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name("shop authority"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - timedelta(days=2 * DAYS))
        .not_valid_after(until)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _key(seed: str) -> ec.EllipticCurvePrivateKey:
    number = int.from_bytes(hashlib.sha512(f"kit fault {seed}".encode()).digest(), "big")
    return ec.derive_private_key(number % KEYS + 1, CURVE)


def _text(certificate: x509.Certificate) -> str:
    return base64.b64encode(certificate.public_bytes(serialization.Encoding.PEM)).decode()
