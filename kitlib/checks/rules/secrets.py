"""Secrets that stand in files. What is found is named, never shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kitlib.checks.references import decoded
from kitlib.checks.rule import Hit, rule
from kitlib.checks.targets import KubeObject, mapping, sequence

_GOOD = "https://kubernetes.io/docs/concepts/security/secrets-good-practices/"
_NAMES = re.compile(
    r"(^|[_-])(PASSWORD|PASSWD|PWD|TOKEN|SECRET|SECRET_?KEY|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|CREDENTIALS?)$"
)
_LOGIN = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@$({]*:([^\s/@]+)@")
_KEY_BLOCK = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
# Values that something fills in later: Kubernetes, a shell, a template, Vault, SOPS.
_FILLED_LATER = re.compile(r"\$\(\w+\)|\$\{[^}]+\}|\{\{.*\}\}|^<[^>]+>$|^ref\+\w+://|^vault:|^ENC\[")
_NOT_SECRET = re.compile(r"(?i)^(true|false|none|null|yes|no|disabled|enabled|/[\w./-]+|)$")


def _is_filled(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and not _FILLED_LATER.search(value.strip())


def credential(name: str, value: Any) -> str:
    """What kind of secret a named value is; empty when it is none.

    Args:
        name: the variable or key.
        value: its value.
    """
    if not _is_filled(value):
        return ""
    login = _LOGIN.search(value)
    if login and not _FILLED_LATER.search(login[1]):
        return "a URL with a password"
    if _KEY_BLOCK.search(value):
        return "a private key"
    if _NAMES.search(name.upper().replace(".", "_")) and not _NOT_SECRET.match(value.strip()):
        return "a password or token"
    return ""


@rule(
    "object",
    "secret-committed",
    "error",
    "A Secret stands in a file",
    why="What is in a file is in the repository, its history and every copy; base64 hides nothing. A "
    "placeholder is what runs when nobody replaces it.",
    source=_GOOD,
)
def secret_committed(item: KubeObject) -> Iterator[Hit]:
    if item.kind != "Secret" or item.bundle.origin != "files":
        return
    for part in ("stringData", "data"):
        for key, value in mapping(item.get(part)).items():
            text = decoded(value) if part == "data" else value
            if _is_filled(value) and (text is None or _is_filled(text)):
                fix = f"an ExternalSecret {item.name} with secretKey: {key}; for dev: kubectl create secret"
                yield Hit(item.at(part, key), f"{part}.{key}: a value (not shown)", "no value in a file", fix)


@rule(
    "object",
    "env-credential",
    "error",
    "A variable holds a credential in the open",
    why="Everybody who may read the workload reads it, and it stands in the repository.",
    source=f"{_GOOD}#use-of-secrets-in-containers",
)
def env_credential(item: KubeObject) -> Iterator[Hit]:
    for container in item.containers():
        for index, entry in enumerate(map(mapping, sequence(container.get("env")))):
            name = str(entry.get("name", ""))
            kind = credential(name, entry.get("value"))
            if kind:
                fix = f"valueFrom: {{secretKeyRef: {{name: …, key: {name}}}}}"
                yield Hit(
                    container.at("env", index, "value"), f"{name}: {kind} (not shown)", "a secretKeyRef", fix
                )


@rule(
    "object",
    "config-credential",
    "error",
    "A ConfigMap holds a credential",
    why="ConfigMaps are for everybody to read; Secrets can be kept from most, and encrypted at rest.",
    source="https://kubernetes.io/docs/concepts/configuration/configmap/#motivation",
)
def config_credential(item: KubeObject) -> Iterator[Hit]:
    for key, value in mapping(item.get("data")).items() if item.kind == "ConfigMap" else ():
        kind = credential(str(key), value)
        if kind:
            fix = f"move {key} to a Secret, and read it by secretRef"
            yield Hit(item.at("data", key), f"{key}: {kind} (not shown)", "a Secret", fix)
