"""Rotating the TLS certificate of an Ingress: what makes a new pair fit to take the old one's place."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from kitlib.cluster import Cluster, Resource
from kitlib.errors import NotFound, RunbookError

CERTIFICATE, KEY = "tls.crt", "tls.key"  # kubernetes.io/docs/concepts/configuration/secret/#tls-secrets
PREVIOUS = "-previous"


@dataclass(frozen=True)
class Pair:
    """A certificate with its chain, leaf first, and its key.

    Args:
        secret: the Secret it came from.
        chain: the certificates in the order in which a server sends them.
        public_key: the one that belongs to the private key; empty where that can't be read.
    """

    secret: str
    chain: tuple[x509.Certificate, ...]
    public_key: bytes

    @property
    def expires(self) -> datetime:
        """When the first certificate of the chain ends."""
        return min(item.not_valid_after_utc for item in self.chain)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The DNS names the certificate is for; the common name is none of them: RFC 9525, section 6.3."""
        try:
            names = self.chain[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return ()
        return tuple(names.get_values_for_type(x509.DNSName))

    def text(self, now: datetime | None = None) -> str:
        """What it is, for a person; nothing of the key is in it."""
        left = (self.expires - (now or datetime.now(UTC))).total_seconds() / 86400
        lines = [
            f"Secret: {self.secret}",
            f"hosts: {', '.join(self.hosts) or 'none'}",
            f"issuer: {self.chain[0].issuer.rfc4514_string()}",
            f"valid until: {self.expires:%Y-%m-%d %H:%M} UTC, {left:.0f} days from now",
            f"certificates in the chain: {len(self.chain)}",
        ]
        return "\n".join(lines)


def read_pair(secret: Resource) -> Pair:
    """The pair that a TLS Secret holds.

    Raises:
        RunbookError: a key is missing, or what it holds can't be read.
    """
    certificate, key = (_decoded(secret, name) for name in (CERTIFICATE, KEY))
    try:
        chain = tuple(x509.load_pem_x509_certificates(certificate))
    except ValueError as error:
        raise RunbookError(f"Secret {secret.name}, {CERTIFICATE}: no certificate in PEM: {error}") from None
    try:
        loaded = load_pem_private_key(key, password=None).public_key()
    except (ValueError, TypeError):
        # The library's own words may quote the key.
        raise RunbookError(f"Secret {secret.name}, {KEY}: no private key in PEM without a password") from None
    public = loaded.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Pair(secret.name, chain, public)


def problems(
    pair: Pair, hosts: Sequence[str], *, valid_for: timedelta, now: datetime | None = None
) -> list[str]:
    """Why a pair can't serve some hosts; empty when it can.

    Args:
        hosts: those that the Ingress serves with it.
        valid_for: how long it must be valid from now on.
    """
    moment = now or datetime.now(UTC)
    return [
        *_key_problems(pair),
        *_time_problems(pair, moment, valid_for),
        *_chain_problems(pair),
        *(f"it is not for the host {host}" for host in hosts if not _covers(pair.hosts, host)),
    ]


def state(cluster: Cluster, secret: str, hosts: Sequence[str], *, renew_before: timedelta) -> dict[str, Any]:
    """What a Secret holds, as `text`, and its `problems` as a list: what a plan can keep.

    Args:
        hosts: those that are served with it.
        renew_before: a certificate that is valid for longer than this needs no new one.
    """
    found = secret_of(cluster, secret)
    try:
        pair = read_pair(found)
    except RunbookError as error:  # it can't be served at all
        return {"text": error.message, "problems": [error.message]}
    return {"text": pair.text(), "problems": problems(pair, hosts, valid_for=renew_before)}


def hosts_of(ingress: Resource, secret: str) -> list[str]:
    """The hosts that an Ingress serves with a Secret; all its hosts where its tls section names none.

    Raises:
        RunbookError: the Ingress does not use the Secret; names those it uses.
    """
    sections = ingress.at("spec.tls", [])
    own = [section for section in sections if section.get("secretName") == secret]
    if not own:
        used = ", ".join(str(section.get("secretName", "")) for section in sections) or "none"
        raise RunbookError(f"Ingress {ingress.name} does not use Secret {secret}; it uses {used}")
    named = [host for section in own for host in section.get("hosts") or []]
    ruled = [str(rule["host"]) for rule in ingress.at("spec.rules", []) if rule.get("host")]
    return list(dict.fromkeys(named or ruled))


def replace(cluster: Cluster, secret: str, source: str) -> None:
    """Put the pair of one Secret in the place of another's, which is kept in a third, NAME-previous.

    What is sent depends on the two pairs alone, so that a run that is resumed sends the same again.
    """
    now, new = cluster.get("Secret", secret), cluster.get("Secret", source)
    kept = cluster.find("Secret", secret + PREVIOUS)
    changed = _data(now) == _data(new)  # by the run that is resumed: the old pair is in the copy
    old = _data(kept if changed and kept is not None else now)
    head = {"apiVersion": "v1", "kind": "Secret", "type": now.get("type", "kubernetes.io/tls")}
    both = [
        head | {"metadata": {"name": secret + PREVIOUS}, "data": old},
        head | {"metadata": {"name": secret}, "data": _data(new)},
    ]
    cluster.apply(both, force=True)  # together: the gate lets both pass, or neither


def secret_of(cluster: Cluster, name: str) -> Resource:
    """A Secret by its name.

    Raises:
        NotFound: there is none; names the TLS Secrets there are.
    """
    found = cluster.find("Secret", name)
    if found is None:
        known = [item.name for item in cluster.list("Secret", fields="type=kubernetes.io/tls")]
        raise NotFound(
            f"there is no Secret {name} in {cluster.namespace}; TLS Secrets: {', '.join(known) or 'none'}",
            status=404,
        )
    return found


def _data(secret: Resource) -> dict[str, Any]:
    return {key: secret.get("data", {}).get(key, "") for key in (CERTIFICATE, KEY)}


def _decoded(secret: Resource, key: str) -> bytes:
    value = (secret.get("data") or {}).get(key)
    if not value:
        raise RunbookError(f"Secret {secret.name} has no {key}", fix="kubectl create secret tls …")
    return base64.b64decode(value)


def _key_problems(pair: Pair) -> Iterator[str]:
    own = pair.chain[0].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if own != pair.public_key:
        yield "its private key belongs to another certificate"


def _time_problems(pair: Pair, now: datetime, valid_for: timedelta) -> Iterator[str]:
    for item in pair.chain:
        name = item.subject.rfc4514_string() or "its certificate"
        if item.not_valid_before_utc > now:
            yield f"{name} is valid only from {item.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
        if item.not_valid_after_utc <= now:
            yield f"{name} expired at {item.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
        elif item.not_valid_after_utc < now + valid_for:
            yield f"{name} is valid only until {item.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"


def _chain_problems(pair: Pair) -> Iterator[str]:
    """Each certificate is signed by the next: what not all clients can do without (RFC 8446, 4.4.2)."""
    for one, issuer in zip(pair.chain, pair.chain[1:], strict=False):
        try:
            one.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            names = [item.subject.rfc4514_string() for item in (one, issuer)]
            yield f"the chain is not in order: {names[0]} is followed by {names[1]}, which did not sign it"


def _covers(names: Sequence[str], host: str) -> bool:
    """Whether one of the names is the host; `*` stands for its first label: RFC 9525, section 6.3."""
    rest = host.lower().partition(".")[2]
    wanted = {host.lower()} | ({f"*.{rest}"} if rest else set())
    return any(name.lower() in wanted for name in names)
