"""Configuration: ConfigMaps, and where secret values come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kitlib.artifacts.manifests.component import STORE_URLS, Component, Target

DATABASE = "todoapp"
USER = "todoapp"


def config_map(component: Component) -> dict[str, Any] | None:
    """The ConfigMap; None where there is nothing to set."""
    if not component.settings:
        return None
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": component.target.metadata(f"{component.name}-config", component.name),
        "data": component.settings,
    }


def external_secrets(target: Target) -> list[dict[str, Any]]:
    """ExternalSecrets, from which the External Secrets Operator makes the Secrets; they hold no value."""
    parts = [(item.name, f"{item.name}-secrets", item.secrets) for item in target.components if item.secrets]
    if "postgresql" in target.stores:
        parts.append(("postgresql", "postgresql", ("password",)))
    return [_external(target, part, name, keys) for part, name, keys in parts]


def secrets(target: Target, password: str, invent: Callable[[], str]) -> list[dict[str, Any]]:
    """The Secrets of a development environment, which are made when it is, and stand in no file.

    Args:
        target: the application and its environment.
        password: the database's.
        invent: makes a value for any other secret.
    """
    urls = {
        "postgresql": f"postgresql://{USER}:{password}@postgresql:5432/{DATABASE}",
        "redis": "redis://redis:6379/0",
    }
    made = [
        _secret(target, item.name, f"{item.name}-secrets", {k: _value(k, urls) or invent() for k in keys})
        for item in target.components
        if (keys := item.secrets)
    ]
    if "postgresql" in target.stores:
        made.append(_secret(target, "postgresql", "postgresql", {"password": password}))
    return made


def _value(key: str, urls: dict[str, str]) -> str:
    return urls[STORE_URLS[key]] if key in STORE_URLS else ""


def _secret(target: Target, part: str, name: str, values: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": target.metadata(name, part),
        "type": "Opaque",
        "stringData": values,
    }


def _external(target: Target, part: str, name: str, keys: tuple[str, ...]) -> dict[str, Any]:
    """Source: external-secrets.io/latest/api/externalsecret."""
    place = f"{target.name}/{part}"
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": target.metadata(name, part),
        "spec": {
            "refreshInterval": "1h",
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": target.name},
            "target": {"name": name, "creationPolicy": "Owner"},
            "data": [{"secretKey": key, "remoteRef": {"key": place, "property": key}} for key in keys],
        },
    }
