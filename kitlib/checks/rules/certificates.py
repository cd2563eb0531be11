"""cert-manager: its API group, and issuers of the right kind."""

from __future__ import annotations

from collections.abc import Iterator

from kitlib.checks.rule import Hit, rule
from kitlib.checks.selectors import index, near
from kitlib.checks.targets import KubeObject, mapping

_UPGRADE = "https://cert-manager.io/docs/releases/upgrading/upgrading-0.10-0.11/"
_ANNOTATIONS = "https://cert-manager.io/docs/usage/ingress/#supported-annotations"
_OLD = "certmanager.k8s.io"
_KINDS = {"cert-manager.io/issuer": "Issuer", "cert-manager.io/cluster-issuer": "ClusterIssuer"}
_KEYS = {kind: key for key, kind in _KINDS.items()}


@rule(
    "object",
    "cert-manager-group",
    "error",
    "cert-manager's API group of 2019",
    why="Since version 0.11 cert-manager reads cert-manager.io alone: objects of the old group are "
    "refused, annotations passed over in silence.",
    source=_UPGRADE,
)
def cert_manager_group(item: KubeObject) -> Iterator[Hit]:
    if str(item.get("apiVersion", default="")).startswith(f"{_OLD}/"):
        yield Hit(
            item.at("apiVersion"),
            f"apiVersion: {item.body['apiVersion']}",
            "cert-manager.io/v1",
            "apiVersion: cert-manager.io/v1",
        )
    for part in ("annotations", "labels"):
        for key, value in mapping(item.get("metadata", part)).items():
            if str(key).startswith(f"{_OLD}/"):
                new = str(key).replace(_OLD, "cert-manager.io")
                yield Hit(item.at("metadata", part, key), str(key), new, f"{new}: {value}")


@rule(
    "object",
    "cert-issuer",
    "error",
    "A certificate is asked of an issuer of the other kind",
    why="An Issuer belongs to its namespace and a ClusterIssuer to none: asked for by the wrong kind it "
    "isn't found, and the certificate never comes.",
    source=_ANNOTATIONS,
)
def cert_issuer(item: KubeObject) -> Iterator[Hit]:
    for key, kind in _KINDS.items():
        name = mapping(item.get("metadata", "annotations")).get(key)
        other = _mixed_up(item, kind, name)
        if other is not None:
            where = item.at("metadata", "annotations", key)
            yield Hit(
                where,
                f"{key}: {name}, and {name} is a {other.kind}",
                _KEYS[other.kind],
                f"{_KEYS[other.kind]}: {name}",
            )
    if item.kind == "Certificate":
        kind, name = (
            item.get("spec", "issuerRef", "kind", default="Issuer"),
            item.get("spec", "issuerRef", "name"),
        )
        other = _mixed_up(item, str(kind), name)
        if other is not None:
            where = item.at("spec", "issuerRef", "kind")
            yield Hit(
                where, f"{kind} {name}, which is a {other.kind}", f"kind: {other.kind}", f"kind: {other.kind}"
            )


def _mixed_up(item: KubeObject, kind: str, name: object) -> KubeObject | None:
    """The issuer of that name that an object can mean only with the other kind; None when all is well."""
    if not isinstance(name, str):
        return None
    known = index(item.bundle).named
    own = known.get((kind, name), [])
    wrong = "Issuer" if kind == "ClusterIssuer" else "ClusterIssuer"
    others = known.get((wrong, name), [])
    is_there = any(kind == "ClusterIssuer" or near(one, item) for one in own)
    return others[0] if others and not is_there else None
