"""kitlib: notebooks and runbooks for Kubernetes that really run.

`Cluster`, `connect`, `diagnose` and `ask` are loaded on first use: importing the Kubernetes client takes
half a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["Cluster", "Resource", "__version__", "ask", "connect", "diagnose", "diagnose_pod"]

__version__ = "0.1.0"

if TYPE_CHECKING:
    from kitlib.asking.answering import ask
    from kitlib.cluster import Cluster, Resource
    from kitlib.cluster.connect import connect
    from kitlib.diagnosis.asking import diagnose_pod
    from kitlib.diagnosis.examination import diagnose

_LAZY = {
    "ask": "kitlib.asking.answering",
    "Cluster": "kitlib.cluster",
    "Resource": "kitlib.cluster",
    "connect": "kitlib.cluster.connect",
    "diagnose": "kitlib.diagnosis.examination",
    "diagnose_pod": "kitlib.diagnosis.asking",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'kitlib' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext kitlib`: the magics %kubectl, %helm and %kit."""
    from kitlib.lessons.magics import register

    register(shell)
