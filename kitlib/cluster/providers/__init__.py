"""Who makes clusters: one module each."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from typing import cast, get_args

from kitlib.cluster.providers.base import (
    ClusterRecord,
    ClusterStatus,
    Provider,
    UpOptions,
    load_record,
)
from kitlib.errors import UsageError
from kitlib.settings import ProviderName

__all__ = ["ClusterRecord", "ClusterStatus", "Provider", "UpOptions", "load_record", "provider"]


def provider(name: str) -> Provider:
    """The provider of that name.

    Raises:
        UsageError: there is none; offers the nearest.
    """
    known = get_args(ProviderName)
    if name not in known:
        near = get_close_matches(name, known, n=1)
        raise UsageError(
            f"unknown provider {name!r}; known: {', '.join(known)}",
            fix=f"--provider {near[0] if near else known[0]}",
        )
    return cast(Provider, import_module(f"kitlib.cluster.providers.{name}").PROVIDER)
